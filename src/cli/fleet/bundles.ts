/** `fleet build`, `publish`: policies as bundles. */
import { readFileSync } from 'node:fs';
import { PolicyRejected } from '../../base/policy-rejected.ts';
import { decodeBundle, encodeBundle } from '../../fleet/bundle.ts';
import { publishPolicy } from '../../fleet/centre/change.ts';
import { isName, NAME_RULE } from '../../fleet/fleet-names.ts';
import type { FleetStore } from '../../fleet/fleet-store.ts';
import type { PolicyRecord } from '../../fleet/records.ts';
import { sha256 } from '../../fleet/signing.ts';
import type { PolicyTextInput } from '../../host/policy-input.ts';
import { writeDurably } from '../../store/durable.ts';
import { withWriteErrors } from '../../store/write-errors.ts';
import { collectFiles } from '../collect-files.ts';
import { UsageError } from '../exit.ts';
import { policyArgument } from '../policy-argument.ts';
import { reachReader } from '../reach-host.ts';
import { print, printFindings, printJson } from '../render/terminal.ts';
import type { StoreOptions } from './centre-folder.ts';
import { openStore } from './centre-folder.ts';
import { readFailure } from './read-failure.ts';
import type { JsonOptions } from './set-up.ts';

export interface Built {
  readonly policy: string;
  readonly bytes: Uint8Array;
}

type TellFindings = typeof printFindings;

/** Checked as `xdpol check` does; findings are told. Throws PolicyRejected where there are errors. */
async function checkedName(input: PolicyTextInput, tell: TellFindings): Promise<string> {
  const outcome = await reachReader(input).check({ input, isBrief: true, isThorough: true });
  if (outcome.errors > 0 || outcome.policy === null) throw new PolicyRejected(outcome.diagnostics);
  tell(outcome.diagnostics, outcome.omitted);
  if (isName(outcome.policy)) return outcome.policy;
  throw new UsageError(`"${outcome.policy}" cannot be the name of a policy of a fleet`, `write ${NAME_RULE}`);
}

/** Of a file of a policy. */
export async function buildBundle(argument: string): Promise<Built> {
  const input = policyArgument(argument);
  if (!('text' in input))
    throw new UsageError(`there is no file ${argument}`, 'name the file of a policy, or - for standard input');
  return await bundleOf(input);
}

export async function bundleOf(input: PolicyTextInput, tell: TellFindings = printFindings): Promise<Built> {
  const policy = await checkedName(input, tell);
  const files = new Map<string, Uint8Array>();
  for (const [path, content] of await collectFiles(input)) if (content instanceof Uint8Array) files.set(path, content);
  return { policy, bytes: encodeBundle({ text: input.text, files }) };
}

export interface BuildOptions extends JsonOptions {
  readonly output?: string;
}

export async function build(argument: string, { output, json }: BuildOptions): Promise<void> {
  const { policy, bytes } = await buildBundle(argument);
  const file = output ?? `${policy}.bundle`;
  withWriteErrors(file, () => writeDurably(file, bytes));
  const digest = sha256(bytes);
  if (json === true) printJson({ policy, bundle: file, sha256: digest, size: bytes.length });
  else print(`${file}: policy ${policy}, ${bytes.length} bytes, ${digest}`);
}

function readFile(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw readFailure(path, cause, 'name the file of a policy, or what xdpol fleet build made of one');
  }
}

/** A bundle that build made is checked again: the file may be anybody's. */
async function readBuilt(path: string): Promise<Built> {
  const content = path === '-' ? undefined : readFile(path);
  const bundle = content === undefined ? undefined : decodeBundle(content);
  if (content === undefined || bundle === undefined) return await buildBundle(path);
  const readSetFile = (name: string): Uint8Array | { error: string } => bundle.files.get(name) ?? { error: 'ENOENT' };
  return { policy: await checkedName({ file: path, text: bundle.text, readSetFile }, printFindings), bytes: content };
}

/** Who publishes, for the record. */
export function publisher(): string {
  return process.env['SUDO_USER'] ?? process.env['USER'] ?? 'unknown';
}

export async function publishFile(store: FleetStore, path: string): Promise<PolicyRecord> {
  const { policy, bytes } = await readBuilt(path);
  return await publishPolicy(store, policy, bytes, publisher());
}

export async function publish(path: string, options: StoreOptions & JsonOptions): Promise<void> {
  await using store = openStore(options);
  const record = await publishFile(store, path);
  if (options.json === true) printJson({ published: record });
  else
    print(
      `${record.name}@${record.version}: ${record.size} bytes, ${record.sha256}; no host has it before it is ordered`,
    );
}
