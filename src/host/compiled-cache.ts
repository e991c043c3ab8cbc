/**
 * Compiled policies kept beside the store, so that what was in force can be put in force again
 * without its text being read or compiled.
 *
 *   <state>/cache/<policy hash>.facts       what of the host the policy depends on
 *                 <policy hash>-<key>.bin   a loadable policy
 *
 * The key of a compiled policy is everything it was made from: text, addresses, the rules that apply to the interface,
 * the program. Nothing is lost with the cache: see store/blob-cache.ts.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { present } from '../base/assert.ts';
import type { Address } from '../base/ip.ts';
import { formatAddress, parseAddress } from '../base/ip.ts';
import { appliesTo } from '../compiler/conditions/expand.ts';
import type { LoadablePolicy } from '../compiler/loadable.ts';
import { deserialize, serialize } from '../compiler/serialize.ts';
import type { HostAddresses, Policy } from '../policy/model.ts';
import { BlobCache } from '../store/blob-cache.ts';
import { usesMe } from './host-addresses.ts';
import { programVersion } from './program-version.ts';

/** What a policy takes from its host. */
export interface PolicyFacts {
  readonly policy: string;
  readonly usesMe: boolean;
  readonly hasTests: boolean;
  /** Every DNS name with the answers it had when this was written. */
  readonly names: readonly (readonly [name: string, addresses: readonly string[]])[];
  /** Of each rule, in order: the interfaces it is limited to. */
  readonly limits: readonly (readonly string[] | null)[];
}

/** Files that are kept: for a few policies on a few interfaces, with the addresses they had of late. */
export const FILES_KEPT = 24;

export function factsOf(policy: Policy, host: HostAddresses): PolicyFacts {
  return {
    policy: policy.name,
    usesMe: usesMe(policy),
    hasTests: policy.tests.length > 0,
    names: [...host.names].map(([name, addresses]) => [name, addresses.map(formatAddress)]),
    limits: policy.rules.map((rule) => rule.interfaces ?? null),
  };
}

/** The answers for names as the facts remember them. */
export function namesFrom(facts: PolicyFacts): ReadonlyMap<string, readonly Address[]> {
  const addresses = (texts: readonly string[]): Address[] => texts.map((text) => present(parseAddress(text), text));
  return new Map(facts.names.map(([name, texts]) => [name, addresses(texts)]));
}

export class CompiledCache {
  readonly #blobs: BlobCache;
  readonly #program: string = programVersion();
  readonly #report: (line: string) => void;

  constructor(stateDirectory: string, report: (line: string) => void) {
    this.#blobs = new BlobCache(join(stateDirectory, 'cache'), report);
    this.#report = report;
  }

  facts(hash: string): PolicyFacts | undefined {
    const content = this.#blobs.read(`${hash}.facts`, `${hash} ${this.#program}`);
    return content === undefined ? undefined : (JSON.parse(new TextDecoder().decode(content)) as PolicyFacts);
  }

  find(hash: string, facts: PolicyFacts, host: HostAddresses, interfaceName: string): LoadablePolicy | undefined {
    const key = this.#key(hash, facts, host, interfaceName);
    const content = this.#blobs.read(fileOf(hash, key), key);
    return content === undefined ? undefined : deserialize(content);
  }

  /** Keeps what was compiled. A full disk costs the next start some time, nothing else. */
  keep(hash: string, facts: PolicyFacts, host: HostAddresses, compiled: ReadonlyMap<string, LoadablePolicy>): void {
    try {
      this.#blobs.write(`${hash}.facts`, `${hash} ${this.#program}`, new TextEncoder().encode(JSON.stringify(facts)));
      const written = new Set<string>();
      for (const [interfaceName, policy] of compiled) {
        const key = this.#key(hash, facts, host, interfaceName);
        if (written.has(key)) continue;
        written.add(key);
        this.#blobs.write(fileOf(hash, key), key, serialize(policy));
      }
      this.#blobs.prune(FILES_KEPT);
    } catch (error) {
      this.#report(`the compiled policy was not kept: ${(error as Error).message}`);
    }
  }

  #key(hash: string, facts: PolicyFacts, host: HostAddresses, interfaceName: string): string {
    const sorted = (addresses: readonly Address[]): string[] => addresses.map(formatAddress).sort();
    const parts = {
      hash,
      program: this.#program,
      me: facts.usesMe ? [sorted(host.me), sorted(host.broadcasts)] : [],
      names: [...host.names].map(([name, addresses]) => [name, sorted(addresses)]).sort(),
      rules: facts.limits.map((limit) => Number(appliesTo(limit ?? undefined, interfaceName))).join(''),
    };
    return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  }
}

function fileOf(hash: string, key: string): string {
  return `${hash}-${key.slice(0, 16)}.bin`;
}
