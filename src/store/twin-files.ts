/** Two files of one content: where one is damaged or lost, the other has it. */
import type { DurableFiles } from './durable.ts';
import { isThere, readIfThere } from './file-system.ts';

export type TwinReading<T> =
  | { readonly kind: 'none' }
  /** `damage` is of the first file: "is damaged" or "is missing", for a message. */
  | { readonly kind: 'whole'; readonly value: T; readonly damage: string | undefined }
  | { readonly kind: 'lost'; readonly damage: string };

export class TwinFiles<T> {
  readonly path: string;
  readonly copy: string;
  readonly #files: DurableFiles;
  readonly #decode: (text: string) => T | undefined;

  /** `decode` returns undefined for what is damaged. */
  constructor(path: string, files: DurableFiles, decode: (text: string) => T | undefined) {
    this.path = path;
    this.copy = path.replace(/\.json$/u, '.copy.json');
    this.#files = files;
    this.#decode = decode;
  }

  read(): TwinReading<T> {
    const text = readIfThere(this.path);
    const value = text === undefined ? undefined : this.#decode(text);
    if (value !== undefined) return { kind: 'whole', value, damage: undefined };
    const kept = readIfThere(this.copy);
    if (text === undefined && kept === undefined) return { kind: 'none' };
    const damage = text === undefined ? 'is missing' : 'is damaged';
    const copied = kept === undefined ? undefined : this.#decode(kept);
    return copied === undefined ? { kind: 'lost', damage } : { kind: 'whole', value: copied, damage };
  }

  /** The copy first: a crash in between leaves both whole. Where the disk takes the copy alone, that is undone. */
  write(content: Uint8Array): void {
    this.#files.write(this.copy, content);
    try {
      this.#files.write(this.path, content);
    } catch (error) {
      this.#undoCopy();
      throw error;
    }
  }

  /** The copy first: a crash in between leaves what was there. */
  remove(): void {
    for (const path of [this.copy, this.path].filter(isThere)) this.#files.remove(path);
  }

  #undoCopy(): void {
    try {
      const before = readIfThere(this.path);
      if (before === undefined) this.#files.remove(this.copy);
      else this.#files.write(this.copy, new TextEncoder().encode(before));
    } catch {
      // The first failure is the one to report.
    }
  }
}
