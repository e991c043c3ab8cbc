/** The POLICY argument: a file, `-` for standard input, or the name of a stored policy. */
import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import { Diagnostics } from '../base/diagnostics.ts';
import { EnvironmentError } from '../base/environment-error.ts';
import { readPolicy } from '../formats/yaml/policy-reader.ts';
import type { Policy } from '../policy/model.ts';
import type { PolicyText } from '../store/store.ts';
import { hashOfPolicy, PolicyStore } from '../store/store.ts';
import { ProgressLine } from './progress-line.ts';

export interface ReadPolicyResult {
  /** undefined where the diagnostics have errors. */
  readonly policy: Policy | undefined;
  readonly diags: Diagnostics;
  readonly source: PolicyText;
  /** SHA-256 of the text and its set files, hex. */
  readonly hash: string;
}

export interface PolicyArgument {
  /** As diagnostics name it. */
  readonly file: string;
  /** It is a file, not standard input or a stored policy. */
  readonly isFile: boolean;
  readonly text: string;
  readonly readSet: (path: string) => Uint8Array | { readonly error: string };
}

/** As a descriptor: a socket has no path. */
const STDIN = 0;

function readFileOr(path: string | number): Uint8Array | { readonly error: string } {
  try {
    return readFileSync(path);
  } catch (error) {
    return { error: (error as NodeJS.ErrnoException).code ?? String(error) };
  }
}

function fromFile(path: string): PolicyArgument | undefined {
  const content = readFileOr(path === '-' ? STDIN : path);
  if ('error' in content) {
    if (content.error === 'ENOENT') return undefined;
    throw new EnvironmentError('XDPOL_E_FILE', `cannot read the policy ${path}: ${content.error}`, {
      help: 'name a readable YAML or JSON file',
    });
  }
  const folder = path === '-' ? process.cwd() : dirname(path);
  return {
    file: path === '-' ? 'stdin' : path,
    isFile: path !== '-',
    text: new TextDecoder().decode(content),
    readSet: (set) => readFileOr(isAbsolute(set) ? set : resolve(folder, set)),
  };
}

function fromStore(name: string, version?: number): PolicyArgument {
  const store = new PolicyStore();
  const stored = store.read(name, version);
  if (stored === undefined) {
    const known = store.list();
    const names = known.length === 0 ? 'none is stored' : `stored are: ${known.join(', ')}`;
    throw new EnvironmentError('XDPOL_E_NOT_STORED', `there is no file and no stored policy ${name}`, {
      help: `name a policy file, - or a stored policy; ${names}`,
    });
  }
  const readSet: PolicyArgument['readSet'] = (path) =>
    stored.setFiles.get(path) ?? { error: 'not stored with the policy' };
  return { file: name, isFile: false, text: stored.text, readSet };
}

/** What a verb was given, or a policy that is in the store whatever files there are. */
export type PolicyReference = string | { readonly stored: string; readonly version?: number };

/** The text alone, unread. */
export function policyArgument(argument: PolicyReference): PolicyArgument {
  if (typeof argument !== 'string') return fromStore(argument.stored, argument.version);
  return fromFile(argument) ?? fromStore(argument);
}

export function readPolicyArgument(argument: PolicyReference): ReadPolicyResult {
  const { file, text, readSet } = policyArgument(argument);
  const setFiles = new Map<string, Uint8Array>();
  const readSetFile = (path: string): Uint8Array | { readonly error: string } => {
    const content = readSet(path);
    if (content instanceof Uint8Array) setFiles.set(path, content);
    return content;
  };
  const diags = new Diagnostics();
  const line = new ProgressLine(process.stderr);
  const onProgress = (set: string, done: number, total: number): void => line.show(`reading ${set}`, done / total);
  const policy = readPolicy({ file, text, readSetFile, onProgress }, diags);
  line.clear();
  return { policy, diags, source: { text, setFiles }, hash: hashOfPolicy({ text, setFiles }) };
}
