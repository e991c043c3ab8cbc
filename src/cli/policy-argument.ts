/** The POLICY argument: a file, `-` for standard input, or the name of a stored policy. */
import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import { EnvironmentError } from '../base/environment-error.ts';
import type { PolicyInput, PolicyTextInput } from '../host/policy-input.ts';

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
  const folder = path === '-' ? process.cwd() : dirname(path);
  return {
    file: path === '-' ? 'stdin' : path,
    text: new TextDecoder().decode(content),
    readSetFile: (set) => readFileOr(isAbsolute(set) ? set : resolve(folder, set)),
  };
}

export function policyArgument(argument: string): PolicyInput {
  return fromFile(argument) ?? { stored: argument, isNoFile: true };
}
