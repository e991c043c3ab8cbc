/**
 * How often what happened on this host, counted over restarts and reboots. A file that is damaged counts from 0 again, as
 * a counter may.
 *
 *   <state>/tallies.json
 */
import { join } from 'node:path';
import type { DurableFiles } from './durable.ts';
import { readIfThere } from './file-system.ts';
import { fieldsOf, jsonBytes, parseJson } from './json-fields.ts';
import { withStoreErrors } from './with-store-errors.ts';

export interface Tallies {
  /** Policies that were put in force by apply, assign or ipsecpol. */
  readonly applies: number;
  /** Those that could not be, by the reason. */
  readonly applyFailures: ReadonlyMap<string, number>;
  /** Returns to the policy before, by the reason. */
  readonly rollbacks: ReadonlyMap<string, number>;
}

/** One more of something. */
export type Happened =
  | { readonly kind: 'apply' }
  | { readonly kind: 'apply-failure'; readonly reason: string }
  | { readonly kind: 'rollback'; readonly reason: string };

const NOTHING: Tallies = { applies: 0, applyFailures: new Map(), rollbacks: new Map() };

export class TallyFile {
  readonly #directory: string;
  readonly #files: DurableFiles;

  constructor(directory: string, files: DurableFiles) {
    this.#directory = directory;
    this.#files = files;
  }

  read(): Tallies {
    const text = withStoreErrors(this.#directory, () => readIfThere(this.#path()));
    return (text === undefined ? undefined : decode(text)) ?? NOTHING;
  }

  /** The caller holds the store's lock. */
  add(happened: Happened): void {
    const { applies, applyFailures, rollbacks } = addOne(this.read(), happened);
    const value = {
      applies,
      applyFailures: Object.fromEntries(applyFailures),
      rollbacks: Object.fromEntries(rollbacks),
    };
    withStoreErrors(this.#directory, () => {
      this.#files.makeFolder(this.#directory);
      this.#files.write(this.#path(), jsonBytes(value));
    });
  }

  #path(): string {
    return join(this.#directory, 'tallies.json');
  }
}

function addOne(tallies: Tallies, happened: Happened): Tallies {
  const more = (counts: ReadonlyMap<string, number>, reason: string): ReadonlyMap<string, number> =>
    new Map([...counts, [reason, (counts.get(reason) ?? 0) + 1]]);
  switch (happened.kind) {
    case 'apply':
      return { ...tallies, applies: tallies.applies + 1 };
    case 'apply-failure':
      return { ...tallies, applyFailures: more(tallies.applyFailures, happened.reason) };
    case 'rollback':
      return { ...tallies, rollbacks: more(tallies.rollbacks, happened.reason) };
  }
}

function decode(text: string): Tallies | undefined {
  const { applies, ...fields } = fieldsOf<Tallies>(parseJson(text));
  const [applyFailures, rollbacks] = [readCounts(fields.applyFailures), readCounts(fields.rollbacks)];
  if (!isCount(applies) || applyFailures === undefined || rollbacks === undefined) return undefined;
  return { applies, applyFailures, rollbacks };
}

function readCounts(value: unknown): ReadonlyMap<string, number> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const entries: (readonly [string, unknown])[] = Object.entries(value);
  const counts = entries.flatMap(([reason, count]) => (isCount(count) ? [[reason, count] as const] : []));
  return counts.length === entries.length ? new Map(counts) : undefined;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
