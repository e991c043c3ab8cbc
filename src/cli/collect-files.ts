/** The files that a policy names: an agent is sent them with it, for it may not see what the caller sees. */
import { Diagnostics } from '../base/diagnostics.ts';
import type { PolicyTextInput } from '../host/policy-input.ts';

/** A text without any of these words names no file, and is not read for them. */
const MAY_NAME_FILES = /file|include|role/u;

export async function collectFiles({
  file,
  text,
  readSetFile,
}: PolicyTextInput): Promise<ReadonlyMap<string, Uint8Array | { readonly error: string }>> {
  const files = new Map<string, Uint8Array | { readonly error: string }>();
  if (!MAY_NAME_FILES.test(text)) return files;
  const { readPolicy } = await import('../formats/yaml/policy-reader.ts');
  const readAndKeep = (path: string): Uint8Array | { readonly error: string } => {
    const content = readSetFile(path);
    files.set(path, content);
    return content;
  };
  readPolicy({ file, text, readSetFile: readAndKeep }, new Diagnostics());
  return files;
}
