/** The POLICY argument: a file, `-` for standard input, or the name of a stored policy. */
import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import { EnvironmentError } from '../base/environment-error.ts';
import { decodeUtf8, MAX_TEXT_BYTES } from '../formats/named-file.ts';
import type { PolicyInput, PolicyTextInput } from '../host/policy-input.ts';
import { readRegularFile } from '../host/read-regular-file.ts';

/** As a descriptor: a socket has no path. */
const STDIN = 0;

function readFileOr(path: string | number): Uint8Array | { readonly error: string } {
  try {
    return readFileSync(path);
  } catch (error) {
    return { error: (error as NodeJS.ErrnoException).code ?? String(error) };
  }
}

function fromFile(path: string): PolicyTextInput | undefined {
  const content = readFileOr(path === '-' ? STDIN : path);
  if ('error' in content) {
    if (content.error === 'ENOENT') return undefined;
    throw new EnvironmentError('XDPOL_E_FILE', `cannot read the policy ${path}: ${content.error}`, {
      help: 'name a readable YAML or JSON file',
    });
  }
  const text = content.length > MAX_TEXT_BYTES ? { error: 'it is larger than any policy' } : decodeUtf8(content);
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

export function policyArgument(argument: string): PolicyInput {
  return fromFile(argument) ?? { stored: argument, isNoFile: true };
}
