import type { LoadedParts } from './addon.ts';
import type { BpfMap, BpfObject, BpfProgram } from './types.ts';

/** Closes its children when disposed. The libbpf object behind it is gone by now: each child has its own fd. */
export class LoadedObject implements BpfObject {
  readonly maps: ReadonlyMap<string, BpfMap>;
  readonly programs: ReadonlyMap<string, BpfProgram>;
  readonly verifierLog: string;
  readonly specialized: boolean;
  readonly #children: readonly Disposable[];
  #closed = false;

  constructor(parts: LoadedParts) {
    this.maps = new Map(parts.maps);
    this.programs = new Map(parts.programs);
    this.verifierLog = parts.verifierLog;
    this.specialized = parts.specialized;
    this.#children = [...parts.maps, ...parts.programs].map(([, child]) => child);
  }

  get closed(): boolean {
    return this.#closed;
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    for (const child of this.#children) child[Symbol.dispose]();
  }
}
