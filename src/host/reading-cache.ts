/** Policies that were read last. Reading one of 10,000 rules takes seconds, and each question about it would again. */
import { Diagnostics } from '../base/diagnostics.ts';
import type { PolicyReading, PolicyTextInput } from './policy-input.ts';

/** Enough to compare two. */
const KEPT = 2;

interface Kept {
  readonly file: string;
  readonly reading: PolicyReading;
}

export class ReadingCache {
  #kept: readonly Kept[] = [];

  /** Of the same text and the same files. */
  find({ file, text, readSetFile }: PolicyTextInput): PolicyReading | undefined {
    const isSame = (path: string, before: Uint8Array): boolean => {
      const now = readSetFile(path);
      return now instanceof Uint8Array && Buffer.compare(now, before) === 0;
    };
    const found = this.#kept.find(
      ({ file: name, reading: { source } }) =>
        name === file && source.text === text && [...source.setFiles].every(([path, before]) => isSame(path, before)),
    );
    if (found === undefined) return undefined;
    this.#kept = [found, ...this.#kept.filter((one) => one !== found)];
    return copyOf(found.reading);
  }

  /** One with errors is not kept: the files that it lacks may come. */
  keep({ file }: PolicyTextInput, reading: PolicyReading): void {
    if (reading.policy === undefined || reading.diags.failed) return;
    this.#kept = [{ file, reading: copyOf(reading) }, ...this.#kept].slice(0, KEPT);
  }
}

/** What is found later is added to the diagnostics of each use. */
function copyOf(reading: PolicyReading): PolicyReading {
  const { policy, diags, source } = reading;
  return {
    policy,
    diags: new Diagnostics(diags.all),
    source,
    get hash() {
      return reading.hash;
    },
  };
}
