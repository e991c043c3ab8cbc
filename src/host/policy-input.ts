/** A policy as an operation is given it, and reading it. */
import { Diagnostics } from '../base/diagnostics.ts';
import { EnvironmentError } from '../base/environment-error.ts';
import { storedFiles } from '../formats/named-file.ts';
import { readPolicy } from '../formats/yaml/policy-reader.ts';
import type { Policy } from '../policy/model.ts';
import type { PolicyText } from '../store/store.ts';
import { hashOfPolicy } from '../store/store.ts';
import type { HostContext } from './context.ts';
import { inflate } from './read-regular-file.ts';
import { withProgress } from './report-progress.ts';
import { notStored } from './stored-policies.ts';

export type ReadSetFile = (path: string) => Uint8Array | { readonly error: string };

/** A text from outside the store. */
export interface PolicyTextInput {
  /** As diagnostics name it. */
  readonly file: string;
  readonly text: string;
  /** Content of a file that the text names, or why it cannot be had. */
  readonly readSetFile: ReadSetFile;
}

export interface StoredPolicyInput {
  readonly stored: string;
  /** Else the newest. */
  readonly version?: number | undefined;
  /** The name was given where a file may be named too, and there is no such file. */
  readonly isNoFile?: boolean | undefined;
}

export type PolicyInput = PolicyTextInput | StoredPolicyInput;

export interface PolicyReading {
  /** undefined where the diagnostics have errors. */
  readonly policy: Policy | undefined;
  readonly diags: Diagnostics;
  readonly source: PolicyText;
  /** SHA-256 of the text and its set files, hex. */
  readonly hash: string;
}

/** The text and its files, from the store where that is meant. */
export function textOf(context: HostContext, input: PolicyInput): PolicyTextInput {
  if ('text' in input) return input;
  const stored = context.store.read(input.stored, input.version);
  if (stored === undefined) throw notFound(context, input);
  return { file: input.stored, text: stored.text, readSetFile: storedFiles(stored.setFiles) };
}

function notFound(context: HostContext, { stored, version, isNoFile }: StoredPolicyInput): EnvironmentError {
  if (isNoFile !== true) return notStored(context, stored, version);
  const known = context.store.list();
  const names = known.length === 0 ? 'none is stored' : `stored are: ${known.join(', ')}`;
  return new EnvironmentError('XDPOL_E_NOT_STORED', `there is no file and no stored policy ${stored}`, {
    help: `name a policy file, - or a stored policy; ${names}`,
  });
}

export function readPolicyInput(context: HostContext, input: PolicyInput): PolicyReading {
  const given = textOf(context, input);
  const known = context.readings?.find(given);
  if (known !== undefined) return known;
  const reading = readText(context, given);
  context.readings?.keep(given, reading);
  return reading;
}

function readText(context: HostContext, { file, text, readSetFile }: PolicyTextInput): PolicyReading {
  const setFiles = new Map<string, Uint8Array>();
  const readAndKeep: ReadSetFile = (path) => {
    const content = readSetFile(path);
    if (content instanceof Uint8Array) setFiles.set(path, content);
    return content;
  };
  const diags = new Diagnostics();
  let current: string | undefined;
  const progress = (set: string, share: number): void =>
    context.report({ kind: 'progress', what: `reading ${set}`, share });
  const onProgress = (set: string, done: number, total: number): void => {
    current = set;
    progress(set, done / total);
  };
  const policy = withProgress(context.report, `reading ${file}`, (onShare) =>
    readPolicy({ file, text, readSetFile: readAndKeep, inflate, onProgress, onShare }, diags),
  );
  if (current !== undefined) progress(current, 1);
  const source = { text, setFiles };
  let hash: string | undefined;
  return {
    policy,
    diags,
    source,
    // When it is asked for: a check has no use for it.
    get hash() {
      hash ??= hashOfPolicy(source);
      return hash;
    },
  };
}
