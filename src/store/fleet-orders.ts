/**
 * What this host has carried out of its fleet's orders, in two files of one content: where one is damaged or lost, the
 * other is what was carried out.
 *
 *   <state>/fleet.json        SHA-256 of the rest in hex, a line break, then JSON
 *           fleet.copy.json   the same, written before it
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { DurableFiles } from './durable.ts';
import { fieldsOf, isText, parseJson } from './json-fields.ts';
import { TwinFiles } from './twin-files.ts';
import { withStoreErrors } from './with-store-errors.ts';

/** The order that is in force, and what it put there. */
export interface CarriedOrder {
  /** Names the order. */
  readonly digest: string;
  readonly target: string;
  readonly seq: number;
  /** Of the bundle, and what the store made of it; null: it ended filtering. */
  readonly policy: {
    readonly sha256: string;
    readonly name: string;
    readonly version: number;
    readonly hash: string;
  } | null;
}

/** An order that could not be carried out, and never will be. */
export interface FailedOrder {
  readonly digest: string;
  readonly code: string;
  readonly message: string;
}

export interface FleetRecord {
  /**
   * The newest membership and the newest order of each lane and target, as they were signed: they are verified again before
   * they are believed.
   */
  readonly statements: ReadonlyMap<string, string>;
  readonly carried: CarriedOrder | null;
  readonly failed: FailedOrder | null;
}

const NOTHING: FleetRecord = { statements: new Map(), carried: null, failed: null };

export class FleetOrderFile {
  readonly #directory: string;
  readonly #files: DurableFiles;
  readonly #twins: TwinFiles<FleetRecord>;
  readonly #report: (line: string) => void;

  constructor(directory: string, files: DurableFiles, report: (line: string) => void) {
    this.#directory = directory;
    this.#files = files;
    this.#twins = new TwinFiles(join(directory, 'fleet.json'), files, decode);
    this.#report = report;
  }

  /** Nothing where no order was carried out. Damage to both files is reported: what is in force and assigned stays. */
  read(): FleetRecord {
    const found = withStoreErrors(this.#directory, () => this.#twins.read());
    if (found.kind === 'none') return NOTHING;
    const damage = `${this.#twins.path} ${found.damage}`;
    if (found.kind === 'lost') {
      this.#report(`${damage}, and so is its copy: the orders of the fleet are taken anew`);
      return NOTHING;
    }
    if (found.damage !== undefined) this.#report(`${damage}: its copy is used`);
    return found.value;
  }

  /** Returns when it is on the disk. */
  write({ statements, carried, failed }: FleetRecord): void {
    const json = JSON.stringify({ statements: Object.fromEntries(statements), carried, failed });
    const content = new TextEncoder().encode(`${hashOf(json)}\n${json}`);
    withStoreErrors(this.#directory, () => {
      this.#files.makeFolder(this.#directory);
      this.#twins.write(content);
    });
  }
}

function hashOf(json: string): string {
  return createHash('sha256').update(json).digest('hex');
}

function decode(text: string): FleetRecord | undefined {
  const end = text.indexOf('\n');
  const json = text.slice(end + 1);
  if (end < 0 || text.slice(0, end) !== hashOf(json)) return undefined;
  const { statements, carried, failed } = fieldsOf<FleetRecord>(parseJson(json));
  if (typeof statements !== 'object' || statements === null) return undefined;
  const texts: readonly [string, unknown][] = Object.entries(statements);
  if (!texts.every((entry): entry is [string, string] => isText(entry[1]))) return undefined;
  if (!(carried === null || isCarried(carried)) || !(failed === null || isFailed(failed))) return undefined;
  return { statements: new Map(texts), carried, failed };
}

function isCarried(value: unknown): value is CarriedOrder {
  const { digest, target, seq, policy } = fieldsOf<CarriedOrder>(value);
  return isText(digest) && isText(target) && Number.isSafeInteger(seq) && (policy === null || isPolicy(policy));
}

function isPolicy(value: unknown): boolean {
  const { sha256, name, version, hash } = fieldsOf<NonNullable<CarriedOrder['policy']>>(value);
  return isText(sha256) && isText(name) && Number.isSafeInteger(version) && isText(hash);
}

function isFailed(value: unknown): value is FailedOrder {
  const { digest, code, message } = fieldsOf<FailedOrder>(value);
  return isText(digest) && isText(code) && isText(message);
}
