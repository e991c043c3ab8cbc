/**
 * What was known of the host last: the addresses of each filtered interface and the answers for each DNS name. A boot puts
 * the policy in force before the host has either, and goes by this until it has.
 */
import { join } from 'node:path';
import type { DurableFiles } from './durable.ts';
import { readIfThere } from './file-system.ts';
import { fieldsOf, isText, isTextList, jsonBytes, parseJson } from './json-fields.ts';
import { withStoreErrors } from './store-errors.ts';

export interface KnownAddresses {
  /** As text. */
  readonly addresses: readonly string[];
  /** When the host had them last: ISO 8601, UTC. */
  readonly at: string;
}

export interface KnownHost {
  /** By name of the interface. */
  readonly interfaces: ReadonlyMap<string, KnownAddresses>;
  /** By DNS name. */
  readonly names: ReadonlyMap<string, KnownAddresses>;
}

export const NOTHING_KNOWN: KnownHost = { interfaces: new Map(), names: new Map() };

export class KnownHostFile {
  readonly #directory: string;
  readonly #files: DurableFiles;
  readonly #report: (line: string) => void;

  constructor(directory: string, files: DurableFiles, report: (line: string) => void) {
    this.#directory = directory;
    this.#files = files;
    this.#report = report;
  }

  /** Nothing where there is no file; what is damaged is reported and taken for nothing. */
  read(): KnownHost {
    const text = withStoreErrors(this.#directory, () => readIfThere(this.#path()));
    if (text === undefined) return NOTHING_KNOWN;
    const known = decode(text);
    if (known === undefined) this.#report(`${this.#path()} is damaged: no last known addresses and answers`);
    return known ?? NOTHING_KNOWN;
  }

  write({ interfaces, names }: KnownHost): void {
    const value = { interfaces: Object.fromEntries(interfaces), names: Object.fromEntries(names) };
    const content = jsonBytes(value);
    withStoreErrors(this.#directory, () => {
      this.#files.makeFolder(this.#directory);
      this.#files.write(this.#path(), content);
    });
  }

  #path(): string {
    return join(this.#directory, 'known-host.json');
  }
}

function decode(text: string): KnownHost | undefined {
  const fields = fieldsOf<KnownHost>(parseJson(text));
  const [interfaces, names] = [readEntries(fields.interfaces), readEntries(fields.names)];
  return interfaces === undefined || names === undefined ? undefined : { interfaces, names };
}

function readEntries(value: unknown): ReadonlyMap<string, KnownAddresses> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const entries = Object.entries(value);
  return entries.every(([, one]) => isKnownAddresses(one)) ? new Map(entries as [string, KnownAddresses][]) : undefined;
}

function isKnownAddresses(value: unknown): value is KnownAddresses {
  const { addresses, at } = fieldsOf<KnownAddresses>(value);
  return isText(at) && isTextList(addresses);
}
