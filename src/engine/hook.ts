/**
 * A hook of an interface that is ours: by a pinned link (XDP, tcx), or as a filter of the clsact qdisc, which takes
 * tcx's place on kernels before 6.6. Whoever reads, swaps or ends filtering does so through this.
 */
import { join } from 'node:path';
import type { BpfLink, BpfProgram, BpfProgramHandle } from 'libbpf-ts-bindings';
import { BpfError, clsactProgram, detachClsact, openPinnedLink, openProgramById } from 'libbpf-ts-bindings';
import { listDirectory } from './bpffs.ts';
import { generationOf } from './generation.ts';
import type { Direction } from './program.ts';

export type HookKind = 'xdp' | 'tcx' | 'clsact';

/** One hook of one interface. */
export interface HookPlace {
  readonly direction: Direction;
  /** Of the interface's pins. */
  readonly directory: string;
  /** A clsact filter is found by it, a link by its pin; undefined where the interface is gone. */
  readonly ifindex: number | undefined;
}

/** Dispose lets go; the program stays. */
export interface HeldHook extends Disposable {
  readonly kind: HookKind;
  readonly ifindex: number;
  /** What runs now. The caller disposes it. */
  program(): BpfProgramHandle;
  /** In one step: each packet meets the one program or the other. */
  replace(program: BpfProgram): void;
  /** Nothing of ours runs any more. */
  end(): void;
}

/**
 * Where our filter stands in clsact: before those of larger priorities, so that none lets a packet through unasked. The
 * handle is ours, not of a scheme that others number by.
 */
export const CLSACT_PLACE = { priority: 1, handle: 0x7864_706f } as const;

class LinkHook implements HeldHook {
  readonly kind: HookKind;
  readonly ifindex: number;
  readonly #link: BpfLink;

  constructor(link: BpfLink, kind: HookKind, ifindex: number) {
    this.#link = link;
    this.kind = kind;
    this.ifindex = ifindex;
  }

  program(): BpfProgramHandle {
    return openProgramById(this.#link.programId);
  }

  replace(program: BpfProgram): void {
    this.#link.update(program);
  }

  end(): void {
    this.#link.detach();
    this.#link.unpin();
  }

  [Symbol.dispose](): void {
    this.#link[Symbol.dispose]();
  }
}

class ClsactHook implements HeldHook {
  readonly kind = 'clsact';
  readonly ifindex: number;
  readonly #direction: Direction;

  constructor(ifindex: number, direction: Direction) {
    this.ifindex = ifindex;
    this.#direction = direction;
  }

  program(): BpfProgramHandle {
    const id = clsactProgram(this.ifindex, this.#direction, CLSACT_PLACE);
    if (id !== undefined) return openProgramById(id);
    const fields = { code: 'ENOENT', errno: 0, op: 'clsact_query', target: `interface ${this.ifindex}` };
    throw new BpfError('the clsact filter is gone', fields);
  }

  replace(program: BpfProgram): void {
    program.attachClsact(this.ifindex, this.#direction, CLSACT_PLACE, { replace: true });
  }

  /** The qdisc stays: it may be another program's. */
  end(): void {
    detachClsact(this.ifindex, this.#direction, CLSACT_PLACE);
  }

  [Symbol.dispose](): void {
    // Nothing is held: the filter lives in the kernel by itself.
  }
}

/** undefined where something that is no link has the pin's place: it makes way when a program is attached. */
function openLink(path: string): BpfLink | undefined {
  try {
    return openPinnedLink(path);
  } catch (error) {
    if (error instanceof BpfError && error.code === 'EMISMATCH') return undefined;
    throw error;
  }
}

/** The link of another device that had the name before is not this hook. */
function findLink({ direction, directory, ifindex }: HookPlace): HeldHook | undefined {
  if (!listDirectory(directory).includes(direction)) return undefined;
  const link = openLink(join(directory, direction));
  if (link === undefined) return undefined;
  const { ifindex: filtered, type } = link;
  if (filtered !== 0 && filtered === (ifindex ?? filtered)) {
    return new LinkHook(link, type === 'tcx' ? 'tcx' : 'xdp', filtered);
  }
  link[Symbol.dispose]();
  return undefined;
}

/** A program at our place in clsact is ours where it carries the record of a generation. */
function isOurs(programId: number): boolean {
  using program = openProgramById(programId);
  return generationOf(program) !== undefined;
}

/** The caller disposes it. */
export function findClsact({ direction, ifindex }: Omit<HookPlace, 'directory'>): HeldHook | undefined {
  if (ifindex === undefined) return undefined;
  const programId = clsactProgram(ifindex, direction, CLSACT_PLACE);
  return programId !== undefined && isOurs(programId) ? new ClsactHook(ifindex, direction) : undefined;
}

/** Between two questions another command may swap the program or end the hook: then they are asked again. */
const ATTEMPTS = 3;

/** What `ask` answers, asked anew where what it looked at is gone meanwhile. */
export function askAgain<T>(ask: () => T): T {
  for (let attempt = 1; ; attempt++) {
    try {
      return ask();
    } catch (error) {
      if (!(error instanceof BpfError && error.code === 'ENOENT') || attempt === ATTEMPTS) throw error;
    }
  }
}

/** The hook where it is ours, else undefined. The caller disposes it. */
export function findHook(place: HookPlace): HeldHook | undefined {
  return askAgain(() => findLink(place) ?? findClsact(place));
}
