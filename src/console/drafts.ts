/** Texts that are being written, kept while the page is open: another screen does not lose them. */
import type { WireFile, WireText } from '../api/wire.ts';

export interface Draft {
  readonly text: string;
  /** The files that the text names, by the path it gives. */
  readonly files: Readonly<Record<string, WireFile>>;
  /** The stored version it started from; null for a new policy. */
  readonly base: { readonly version: number; readonly text: string } | null;
}

const drafts = new Map<string, Draft>();

/** By the policy's name; the empty name is a new one. */
export function draftOf(name: string): Draft | undefined {
  return drafts.get(name);
}

export function keepDraft(name: string, draft: Draft): void {
  drafts.set(name, draft);
}

export function dropDraft(name: string): void {
  drafts.delete(name);
}

export function hasDrafts(): boolean {
  return [...drafts.values()].some(({ text, base }) => text !== (base?.text ?? NEW_POLICY));
}

export function inputOf({ text, files }: Draft, name: string): WireText {
  return { file: `${name === '' ? 'policy' : name}.yaml`, text, files };
}

export const NEW_POLICY = `name: New policy
description: what it is for
default: permit
`;
