/** Programs of one object that the kernel verifies side by side: what is seen is as if it had been in turn. */
import { readdirSync } from 'node:fs';
import { loadObject } from 'libbpf-ts-bindings';
import { expect, test } from 'vitest';
import { asU32, bpfError, expectNoLeaks, frame, objectFile, openDescriptors, u32 } from './support.ts';

expectNoLeaks();

const beside = objectFile('beside');
const FIRST = 1;
const SECOND = 2;
const BOTH = 3;
const JUMBO = 9000;

test('both are loaded over the same maps, with their flags and types', () => {
  using object = loadObject(beside);
  const { first, second } = Object.fromEntries(object.programs);
  expect(first).toMatchObject({ name: 'first', type: 'xdp' });
  expect(second).toMatchObject({ name: 'second', type: 'sched_cls' });
  const shared = ['.bss', '.rodata'].map((map) => object.maps.get(map)?.id);
  for (const program of [first, second]) expect(program?.mapIds).toEqual(expect.arrayContaining(shared));
  // Of several buffers: the kernel gives such a frame only to programs that take them.
  first?.testRun(frame(JUMBO));
  second?.testRun(frame(60));
  second?.testRun(frame(60));
  expect(asU32(object.maps.get('.bss')?.lookup(u32(0)) ?? new Uint8Array(0))).toEqual([1, 2]);
});

test('one of them alone', () => {
  for (const name of ['first', 'second']) {
    using object = loadObject(beside, { programs: [name] });
    expect([...object.programs.keys()]).toEqual([name]);
    object.programs.get(name)?.testRun(frame(60));
  }
});

test('the logs of both on request', () => {
  using object = loadObject(beside, { logLevel: 4 });
  expect(object.verifierLog.match(/processed \d+ insns/gu)).toHaveLength(2);
});

for (const [name, refused, named, read] of [
  ['the first', FIRST, 'first', '+0)'],
  ['the second', SECOND, 'second', '+1)'],
  ['both: the first says so', BOTH, 'first', '+0)'],
] as const) {
  test(`a refusal has its own log and leaves nothing: ${name}`, () => {
    const before = openDescriptors();
    const error = bpfError(() => loadObject(beside, { rodata: { refused: u32(refused) } }));
    expect(error).toMatchObject({ code: 'EACCES', errno: 13, op: 'object_load', target: 'beside.bpf' });
    expect(error.message).toContain(`prog '${named}'`);
    expect(error.verifierLog).toMatch(/invalid access to packet/u);
    expect(error.verifierLog).toContain(read);
    expect(openDescriptors()).toEqual(before);
  });
}

test('many loads leave no descriptor and no thread', () => {
  const state = (): unknown => ({ fds: openDescriptors(), threads: readdirSync('/proc/self/task').length });
  loadObject(beside)[Symbol.dispose]();
  const before = state();
  for (let round = 0; round < 100; round++) {
    if (round % 10 === 0) bpfError(() => loadObject(beside, { rodata: { refused: u32(1 + (round % 3)) } }));
    loadObject(beside)[Symbol.dispose]();
  }
  expect(state()).toEqual(before);
});
