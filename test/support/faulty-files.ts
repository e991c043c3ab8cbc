/** A file system that fails or stops at one of its calls, as a full disk or a power cut does. */
import { truncateSync } from 'node:fs';
import type { FileSystem } from '../../src/store/file-system.ts';
import { NODE_FILE_SYSTEM } from '../../src/store/file-system.ts';

/** Nothing runs after this: no clean-up either. */
export class PowerCut extends Error {
  constructor() {
    super('power cut');
    this.name = 'PowerCut';
  }
}

export type Fault =
  /** The call fails; later ones work. */
  | { readonly kind: 'fails'; readonly call: number; readonly code: string }
  /** The machine stops before the call; what was not synced is lost. */
  | { readonly kind: 'stops'; readonly call: number };

export class FaultyFiles implements FileSystem {
  readonly #fault: Fault | undefined;
  readonly #paths = new Map<number, string>();
  readonly #unsynced = new Set<string>();
  #stopped = false;
  /** Calls so far. */
  calls = 0;

  constructor(fault?: Fault) {
    this.#fault = fault;
  }

  create(path: string, mode: number): number {
    this.#step();
    const fd = NODE_FILE_SYSTEM.create(path, mode);
    this.#paths.set(fd, path);
    this.#unsynced.add(path);
    return fd;
  }

  append(path: string, mode: number): number {
    this.#step();
    const fd = NODE_FILE_SYSTEM.append(path, mode);
    this.#paths.set(fd, path);
    return fd;
  }

  openFolder(path: string): number {
    this.#step();
    const fd = NODE_FILE_SYSTEM.openFolder(path);
    this.#paths.set(fd, path);
    return fd;
  }

  /** Takes at most seven bytes at a time: short writes are normal. */
  write(fd: number, content: Uint8Array, offset: number): number {
    this.#step();
    const rest = content.subarray(offset);
    return NODE_FILE_SYSTEM.write(fd, rest.length > 64 ? rest : rest.subarray(0, 7), 0);
  }

  fsync(fd: number): void {
    this.#step();
    NODE_FILE_SYSTEM.fsync(fd);
    this.#unsynced.delete(this.#paths.get(fd) ?? '');
  }

  /** A descriptor is closed whatever happens: the process would end. */
  close(fd: number): void {
    NODE_FILE_SYSTEM.close(fd);
    this.#step();
  }

  mkdir(path: string, mode: number): void {
    this.#step();
    NODE_FILE_SYSTEM.mkdir(path, mode);
  }

  link(from: string, to: string): void {
    this.#step();
    NODE_FILE_SYSTEM.link(from, to);
  }

  rename(from: string, to: string): void {
    this.#step();
    NODE_FILE_SYSTEM.rename(from, to);
  }

  remove(path: string): void {
    this.#step();
    NODE_FILE_SYSTEM.remove(path);
  }

  #step(): void {
    if (this.#stopped) throw new PowerCut();
    this.calls++;
    if (this.#fault?.call !== this.calls) return;
    if (this.#fault.kind === 'fails') {
      throw Object.assign(new Error(`${this.#fault.code}: injected`), { code: this.#fault.code });
    }
    this.#stopped = true;
    for (const path of this.#unsynced) truncateSync(path);
    throw new PowerCut();
  }
}
