/**
 * What was known of the host last: the addresses of each filtered interface and the answers for each DNS name. A boot puts
 * the policy in force before the host has either, and goes by this until it has.
 */
import { join } from 'node:path';
import type { DurableFiles } from './durable.ts';
import { readIfThere } from './file-system.ts';
import { fieldsOf, isText, isTextList, jsonBytes, parseJson } from './json-fields.ts';
import { withStoreErrors } from './with-store-errors.ts';

export interface KnownAddresses {
  /** As text; those of an interface with the length of their prefix. */
  readonly addresses: readonly string[];
  /** When the host had them last: ISO 8601, UTC. */
  readonly at: string;
}

/** A family that it never had an address of is left out. */
export interface KnownInterface {
  readonly ipv4?: KnownAddresses;
  readonly ipv6?: KnownAddresses;
}

export interface KnownHost {
  /** By name of the interface. */
  readonly interfaces: ReadonlyMap<string, KnownInterface>;
  /** By DNS name. */
  readonly names: ReadonlyMap<string, KnownAddresses>;
  /** By DNS name: how often there was no answer. */
  readonly failures: ReadonlyMap<string, number>;
}

export const NOTHING_KNOWN: KnownHost = { interfaces: new Map(), names: new Map(), failures: new Map() };

export class KnownHostFile {
  readonly #directory: string;
  readonly #files: DurableFiles;
  readonly #report: (line: string) => void;
  /** What the disk did not take: this process goes by it. */
  #unwritten: KnownHost | undefined;

  constructor(directory: string, files: DurableFiles, report: (line: string) => void) {
    this.#directory = directory;
    this.#files = files;
    this.#report = report;
  }

  /** Nothing where there is no file; what is damaged is reported and taken for nothing. */
  read(): KnownHost {
    if (this.#unwritten !== undefined) return this.#unwritten;
    const text = withStoreErrors(this.#directory, () => readIfThere(this.#path()));
    if (text === undefined) return NOTHING_KNOWN;
    const known = decode(text);
    if (known === undefined) this.#report(`${this.#path()} is damaged: no last known addresses and answers`);
    return known ?? NOTHING_KNOWN;
  }

  /** Throws where the disk does not take it; this process reads what it was given all the same. */
  write(known: KnownHost): void {
    const parts = Object.entries(known) as [keyof KnownHost, ReadonlyMap<string, unknown>][];
    const content = jsonBytes(Object.fromEntries(parts.map(([part, entries]) => [part, Object.fromEntries(entries)])));
    this.#unwritten = known;
    withStoreErrors(this.#directory, () => {
      this.#files.makeFolder(this.#directory);
      this.#files.write(this.#path(), content);
    });
    this.#unwritten = undefined;
  }

  #path(): string {
    return join(this.#directory, 'known-host.json');
  }
}

function decode(text: string): KnownHost | undefined {
  const { interfaces, names, failures = {} } = fieldsOf<KnownHost>(parseJson(text));
  const known = [readEntries(interfaces, isKnownInterface), readEntries(names, isKnownAddresses)] as const;
  const counts = readEntries(failures, isCount);
  if (known[0] === undefined || known[1] === undefined || counts === undefined) return undefined;
  return { interfaces: known[0], names: known[1], failures: counts };
}

function readEntries<T>(value: unknown, isEntry: (one: unknown) => one is T): ReadonlyMap<string, T> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const entries: readonly [string, unknown][] = Object.entries(value);
  return entries.every((entry): entry is [string, T] => isEntry(entry[1])) ? new Map(entries) : undefined;
}

function isKnownAddresses(value: unknown): value is KnownAddresses {
  const { addresses, at } = fieldsOf<KnownAddresses>(value);
  return isText(at) && isTextList(addresses);
}

function isKnownInterface(value: unknown): value is KnownInterface {
  const { ipv4, ipv6 } = fieldsOf<KnownInterface>(value);
  return [ipv4, ipv6].every((one) => one === undefined || isKnownAddresses(one));
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
