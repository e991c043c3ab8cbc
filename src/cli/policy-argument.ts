/** The POLICY argument: a file, `-` for standard input, or NAME or NAME@VERSION of a stored policy. */
import { dirname, isAbsolute, resolve } from 'node:path';
import { EnvironmentError } from '../base/environment-error.ts';
import { decodeUtf8, MAX_TEXT_BYTES } from '../formats/named-file.ts';
import type { PolicyInput, PolicyTextInput, StoredPolicyInput } from '../host/policy-input.ts';
import { readInput, readRegularFile } from '../host/read-regular-file.ts';
import { UsageError } from './exit.ts';

/** As a descriptor: a socket has no path. */
const STDIN = 0;

function fromFile(path: string): PolicyTextInput | undefined {
  const content = readInput(path === '-' ? STDIN : path, MAX_TEXT_BYTES);
  if ('error' in content) {
    if (content.error === 'ENOENT') return undefined;
    throw new EnvironmentError('XDPOL_E_FILE', `cannot read the policy ${path}: ${content.error}`, {
      help: 'name a readable YAML or JSON file',
    });
  }
  const text = decodeUtf8(content);
  if (typeof text !== 'string') {
    throw new EnvironmentError('XDPOL_E_FILE', `cannot read the policy ${path}: ${text.error}`, {
      help: 'a policy is YAML or JSON in UTF-8',
    });
  }
  const folder = path === '-' ? process.cwd() : dirname(path);
  return {
    file: path === '-' ? 'stdin' : path,
    text,
    readSetFile: (set) => readRegularFile(isAbsolute(set) ? set : resolve(folder, set)),
  };
}

const VERSIONED = /^(?<name>.+)@(?<version>[1-9]\d{0,8})$/u;

/** `NAME@VERSION` apart; a version that is given beside the name stands alone. */
export function storedArgument(argument: string, version?: number): StoredPolicyInput {
  const groups = VERSIONED.exec(argument)?.groups;
  const [name, number] = [groups?.['name'], groups?.['version']];
  if (name === undefined || number === undefined) return { stored: argument, version };
  if (version === undefined || version === Number(number)) return { stored: name, version: Number(number) };
  throw new UsageError(`${argument} is not version ${version}`, 'name the version once: NAME@VERSION or --version');
}

export function policyArgument(argument: string): PolicyInput {
  const file = fromFile(argument);
  if (file !== undefined) return file;
  const stored = storedArgument(argument);
  return stored.version === undefined ? { stored: argument, isNoFile: true } : stored;
}
