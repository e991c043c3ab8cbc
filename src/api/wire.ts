/** Values that JSON has no form for, as they go over the wire. */
import type { DiffRequest } from '../host/diff-policies.ts';
import type { ExplainRequest } from '../host/explain-packet.ts';
import type { PolicyInput, PolicyTextInput } from '../host/policy-input.ts';
import type { StoredVersion } from '../store/store.ts';

/** A file's content in base64, or why it cannot be had. */
export type WireFile = { readonly base64: string } | { readonly error: string };

export interface WireText {
  readonly file: string;
  readonly text: string;
  /** By the path that the text gives. */
  readonly files: Readonly<Record<string, WireFile>>;
}

export type WireInput = WireText | Exclude<PolicyInput, PolicyTextInput>;

/** A request with a policy in it, as it goes over the wire. */
export type WithWireInput<T extends { readonly input: PolicyInput }> = Omit<T, 'input'> & { readonly input: WireInput };

export interface WireExplain extends Omit<ExplainRequest, 'input'> {
  readonly input?: WireInput | undefined;
}

export interface WireDiff extends Omit<DiffRequest, 'from' | 'to'> {
  readonly from?: WireInput | undefined;
  readonly to: WireInput;
}

export interface WireStored extends Omit<StoredVersion, 'setFiles'> {
  /** Base64, by the path that the text gives. */
  readonly setFiles: Readonly<Record<string, string>>;
}

/** Contents of the files that a text names. */
export type CollectFiles = (
  input: PolicyTextInput,
) => Promise<ReadonlyMap<string, Uint8Array | { readonly error: string }>>;

export async function encodeInput(input: PolicyInput, collect: CollectFiles): Promise<WireInput> {
  if (!('text' in input)) return input;
  const found = [...(await collect(input))];
  const files = found.map(([path, content]): [string, WireFile] => [
    path,
    content instanceof Uint8Array ? { base64: Buffer.from(content).toString('base64') } : content,
  ]);
  return { file: input.file, text: input.text, files: Object.fromEntries(files) };
}

export function decodeInput(input: WireInput): PolicyInput {
  if (!('text' in input)) return input;
  const { file, text } = input;
  const files = new Map(Object.entries(input.files));
  const readSetFile = (path: string): Uint8Array | { readonly error: string } => {
    const found = files.get(path);
    if (found === undefined) return { error: 'not sent with the policy' };
    return 'base64' in found ? Buffer.from(found.base64, 'base64') : found;
  };
  return { file, text, readSetFile };
}

export function encodeStored({ setFiles, ...stored }: StoredVersion): WireStored {
  const files = [...setFiles].map(([path, content]) => [path, Buffer.from(content).toString('base64')]);
  return { ...stored, setFiles: Object.fromEntries(files) as WireStored['setFiles'] };
}

export function decodeStored({ setFiles, ...stored }: WireStored): StoredVersion {
  const files = Object.entries(setFiles).map(([path, base64]) => [path, Buffer.from(base64, 'base64')] as const);
  return { ...stored, setFiles: new Map(files) };
}

/** Counts beyond 2^53 lose their last digits. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, v: unknown) => (typeof v === 'bigint' ? Number(v) : v));
}
