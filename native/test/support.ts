import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { endianness, machine, tmpdir } from 'node:os';
import { join } from 'node:path';
import { BpfError, interfaceIndex, mountBpffs } from 'libbpf-ts-bindings';
import { afterAll, beforeAll, expect } from 'vitest';

if (endianness() !== 'LE') throw new Error('the tests write little-endian numbers');

let scratch: string | undefined;
const compiled = new Map<string, string>();

function removeScratch(): void {
  if (scratch !== undefined) rmSync(scratch, { recursive: true });
  scratch = undefined;
  compiled.clear();
}

/** The object file of test/bpf/NAME.bpf.c, or of a text; it is there until the test file ends. */
export function objectFile(name: string, text?: string): string {
  const known = compiled.get(name);
  if (known !== undefined) return known;
  scratch ??= mkdtempSync(join(tmpdir(), 'libbpf-ts-bindings-'));
  const source =
    text === undefined ? join(import.meta.dirname, 'bpf', `${name}.bpf.c`) : join(scratch, `${name}.bpf.c`);
  if (text !== undefined) writeFileSync(source, text);
  const object = join(scratch, `${name}.bpf.o`);
  const include = `/usr/include/${machine()}-linux-gnu`;
  const warnings = text === undefined ? '-Wall' : '-w';
  execFileSync('clang', [
    '-O2',
    '-g',
    '-target',
    'bpf',
    '-mcpu=v3',
    warnings,
    '-I',
    include,
    '-c',
    source,
    '-o',
    object,
  ]);
  compiled.set(name, object);
  return object;
}

/** What of this process's descriptors BPF handles and their event queues are. */
export function openDescriptors(): readonly string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      return /bpf|eventpoll/u.test(target) ? [target] : [];
    } catch {
      return []; // the descriptor of the directory being read
    }
  });
}

/** Every test file calls this: it fails when the file leaves descriptors open, and removes what it compiled. */
export function expectNoLeaks(): void {
  let before: readonly string[] = [];
  beforeAll(() => {
    before = openDescriptors();
  });
  afterAll(async () => {
    removeScratch();
    // A RingBuffer's descriptors go with the event loop's next turn.
    await new Promise((resolve) => setImmediate(resolve));
    expect([...openDescriptors()].sort()).toEqual([...before].sort());
  });
}

/** The BpfError that `run` throws. */
export function bpfError(run: () => unknown): BpfError {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(BpfError);
    return error as BpfError;
  }
  throw new Error('no error was thrown');
}

export function expectCode(code: string, run: () => unknown): void {
  expect(bpfError(run).code).toBe(code);
}

export function u32(...words: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(words).buffer);
}

export function u64(...words: readonly bigint[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(words).buffer);
}

export function asU32(bytes: Uint8Array): readonly number[] {
  return [...new Uint32Array(bytes.slice().buffer)];
}

/** An Ethernet frame of `length` zero bytes behind the given first ones. */
export function frame(length: number, ...first: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes.set(first);
  return bytes;
}

export interface Pair extends Disposable {
  readonly name: string;
  readonly index: number;
  readonly peerName: string;
  readonly peerIndex: number;
}

let pairs = 0;

/** A veth pair, both ends up; disposing removes it. */
export function vethPair(): Pair {
  const stem = `lb${process.pid.toString(36)}${(pairs++).toString(36)}`;
  const [name, peerName] = [`${stem}a`, `${stem}b`];
  const remove = (): void => {
    if (interfaceIndex(name) !== undefined) execFileSync('ip', ['link', 'delete', name]);
  };
  execFileSync('ip', ['link', 'add', name, 'type', 'veth', 'peer', 'name', peerName]);
  try {
    for (const end of [name, peerName]) execFileSync('ip', ['link', 'set', end, 'addrgenmode', 'none', 'up']);
    return {
      name,
      index: interfaceIndex(name) ?? 0,
      peerName,
      peerIndex: interfaceIndex(peerName) ?? 0,
      [Symbol.dispose]: remove,
    };
  } catch (error) {
    remove();
    throw error;
  }
}

export interface NetworkNamespace extends Disposable {
  readonly name: string;
  readonly path: string;
  /** A command inside it; its standard output. */
  exec(...argv: readonly string[]): string;
  /** What an expression over `bpf`, the library, is inside it. */
  evaluate(expression: string): unknown;
}

const LIBRARY = JSON.stringify(join(import.meta.dirname, '..', 'dist', 'index.js'));
let namespaces = 0;

/** A network namespace of its own; disposing removes it, and with it go its interfaces. */
export function networkNamespace(): NetworkNamespace {
  const name = `lb${process.pid.toString(36)}n${(namespaces++).toString(36)}`;
  execFileSync('ip', ['netns', 'add', name]);
  const path = `/run/netns/${name}`;
  const exec = (...argv: readonly string[]): string =>
    execFileSync('nsenter', [`--net=${path}`, '--', ...argv], { encoding: 'utf8' });
  const print = (expression: string): string =>
    `import * as bpf from ${LIBRARY};
    console.log(JSON.stringify(await (${expression}), (_, value) => (typeof value === 'bigint' ? String(value) : value)))`;
  return {
    name,
    path,
    exec,
    evaluate: (expression) =>
      JSON.parse(exec(process.execPath, '--input-type=module', '--eval', print(expression))) as unknown,
    [Symbol.dispose]: () => execFileSync('ip', ['netns', 'del', name]),
  };
}

export interface PinDirectory extends Disposable {
  readonly path: string;
}

/** A bpffs of its own; disposing unmounts it, and with it go its pins. */
export function pinDirectory(): PinDirectory {
  const path = mkdtempSync(join(tmpdir(), 'libbpf-ts-pins-'));
  const remove = (): void => {
    execFileSync('umount', ['--quiet', '--lazy', path], { stdio: 'ignore' });
    rmSync(path, { recursive: true });
  };
  mountBpffs(path);
  return { path, [Symbol.dispose]: remove };
}
