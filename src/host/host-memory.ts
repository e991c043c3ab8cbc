/** What a policy is compiled with where the host does not know it at the moment, and what is worth remembering of it. */
import type { NetworkInterface } from 'libbpf-ts-bindings';
import type { Address } from '../base/ip.ts';
import type { HostAddresses } from '../policy/model.ts';
import type { PolicyFacts } from './compiled-cache.ts';
import { namesFrom } from './compiled-cache.ts';
import type { HostContext } from './context.ts';
import type { OwnAddress } from './interfaces.ts';
import type { RecalledAddresses, RecalledNames } from './last-known.ts';
import { readKnownHost, recallAddresses, recallNames } from './last-known.ts';

export class HostMemory {
  readonly #now = new Date();
  readonly #known;
  readonly #addresses: RecalledAddresses;
  #recalled: RecalledNames = { names: new Map(), notes: new Map() };
  readonly #answers = new Map<string, readonly Address[]>();

  constructor({ store }: HostContext, devices: readonly NetworkInterface[]) {
    this.#known = readKnownHost(store);
    this.#addresses = recallAddresses(devices, this.#known, this.#now);
  }

  get me(): readonly OwnAddress[] {
    return this.#addresses.addresses;
  }

  /** The last answers for these names; a name without one is left out. */
  namesOf(names: Iterable<string>, facts: PolicyFacts | undefined): ReadonlyMap<string, readonly Address[]> {
    const compiled = facts === undefined ? new Map<string, never>() : namesFrom(facts);
    this.#recalled = recallNames(names, this.#known, compiled, this.#now);
    return this.#recalled.names;
  }

  /** Takes note of names and their answers; those that were recalled are no news. */
  answered(names: ReadonlyMap<string, readonly Address[]>): void {
    for (const [name, addresses] of names) if (!this.#isRecalled(name, addresses)) this.#answers.set(name, addresses);
  }

  /** What a policy was compiled with that the host does not know at the moment, a sentence each. */
  notesOn({ usesMe }: PolicyFacts, { names }: HostAddresses): readonly string[] {
    const notes = usesMe ? [...this.#addresses.notes] : [];
    for (const [name, addresses] of names) {
      const recalled = this.#isRecalled(name, addresses) ? this.#recalled.notes.get(name) : undefined;
      if (recalled !== undefined) notes.push(recalled);
      else if (addresses.length === 0) notes.push(`${name} has no address yet: filters with it match nothing`);
    }
    return notes;
  }

  /** Names that were asked for now, with their answers. */
  get answers(): ReadonlyMap<string, readonly Address[]> {
    return this.#answers;
  }

  #isRecalled(name: string, addresses: readonly Address[]): boolean {
    return this.#recalled.names.get(name) === addresses;
  }
}
