/** Folders of stored policies: a name is free text, and a file system takes neither every character nor every length. */
import { createHash } from 'node:crypto';

/** Bytes that a file system takes. */
const LONGEST = 255;
/** Begins the folder of a name that cannot be encoded within that; encodeURIComponent leaves none. */
const HASHED = '@';

/** Never `.` or `..`. */
export function folderOfPolicy(name: string): string {
  const encoded = encode(name);
  if (encoded !== undefined && encoded.length <= LONGEST) return encoded;
  // UTF-8 has no lone surrogates.
  return `${HASHED}${createHash('sha256').update(Buffer.from(name, 'utf16le')).digest('hex')}`;
}

/** Its versions have to say which policy they are of. */
export function isHashedFolder(folder: string): boolean {
  return folder.startsWith(HASHED);
}

/** undefined where the folder is hashed, or none of ours. */
export function nameOfFolder(folder: string): string | undefined {
  if (isHashedFolder(folder)) return undefined;
  try {
    return decodeURIComponent(folder);
  } catch {
    return undefined;
  }
}

/** undefined where the name has a lone surrogate. */
function encode(name: string): string | undefined {
  try {
    return encodeURIComponent(name).replaceAll('.', '%2E');
  } catch {
    return undefined;
  }
}
