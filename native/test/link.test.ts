import { execFileSync } from 'node:child_process';
import {
  type BpfLink,
  type BpfObject,
  type BpfProgram,
  loadObject,
  openPinnedLink,
  tcxPrograms,
  xdpAttached,
} from 'libbpf-ts-bindings';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectCode, expectNoLeaks, objectFile, pinDirectory, vethPair } from './support.ts';

expectNoLeaks();

let object: BpfObject;
beforeAll(() => {
  object = loadObject(objectFile('probes'));
});
afterAll(() => object[Symbol.dispose]());

function program(name: string): BpfProgram {
  const found = object.programs.get(name);
  if (found === undefined) throw new Error(`no program ${name}`);
  return found;
}

describe('XDP', () => {
  for (const mode of ['native', 'generic'] as const) {
    test(`${mode}: attach, update, detach`, () => {
      using pair = vethPair();
      expect(xdpAttached(pair.index)).toBeUndefined();
      using link = program('keep_record').attachXdp(pair.index, mode);
      expect(link).toMatchObject({ type: 'xdp', ifindex: pair.index, programId: program('keep_record').id });
      expect(xdpAttached(pair.index)).toEqual({ programId: program('keep_record').id, mode });
      link.update(program('drop'));
      expect(link.query()).toEqual({ ifindex: pair.index, programId: program('drop').id });
      expect(xdpAttached(pair.index)?.programId).toBe(program('drop').id);
      link.detach();
      expect(xdpAttached(pair.index)).toBeUndefined();
      expect(link.ifindex).toBe(0);
    });
  }

  test('one program at a time', () => {
    using pair = vethPair();
    using _ = program('drop').attachXdp(pair.index, 'generic');
    expectCode('EBUSY', () => program('drop').attachXdp(pair.index, 'generic'));
  });

  test('an unpinned link ends with its handle', () => {
    using pair = vethPair();
    program('drop').attachXdp(pair.index, 'native')[Symbol.dispose]();
    expect(xdpAttached(pair.index)).toBeUndefined();
  });
});

describe('tcx', () => {
  for (const hook of ['ingress', 'egress'] as const) {
    test(`${hook}: attach, update, detach`, () => {
      using pair = vethPair();
      const [accept, shoot] = [program('accept'), program('shoot')];
      using first = accept.attachTcx(pair.index, hook);
      using second = shoot.attachTcx(pair.index, hook);
      expect(first).toMatchObject({ type: 'tcx', ifindex: pair.index, programId: accept.id });
      expect(tcxPrograms(pair.index, hook)).toEqual([accept.id, shoot.id]);
      expect(tcxPrograms(pair.index, hook === 'ingress' ? 'egress' : 'ingress')).toEqual([]);
      second.detach();
      first.update(shoot);
      expect(tcxPrograms(pair.index, hook)).toEqual([shoot.id]);
      first.detach();
      expect(tcxPrograms(pair.index, hook)).toEqual([]);
    });
  }

  test('an update that expects another program', () => {
    using pair = vethPair();
    using link = program('drop').attachXdp(pair.index, 'generic');
    expectCode('EPERM', () => link.update(program('emit'), { expected: program('shorten') }));
    expect(link.programId).toBe(program('drop').id);
    link.update(program('emit'), { expected: program('drop') });
    expect(link.programId).toBe(program('emit').id);
  });
});

describe('what the kernel refuses', () => {
  test('interfaces that are not there', () => {
    for (const call of [
      () => program('drop').attachXdp(2 ** 31 - 1, 'native'),
      () => program('accept').attachTcx(2 ** 31 - 1, 'egress'),
      () => xdpAttached(2 ** 31 - 1),
      () => tcxPrograms(2 ** 31 - 1, 'ingress'),
    ]) {
      expectCode('ENODEV', call);
    }
  });

  test('a program of another type', () => {
    using pair = vethPair();
    expectCode('EINVAL', () => program('drop').attachTcx(pair.index, 'ingress'));
    expectCode('EINVAL', () => program('accept').attachXdp(pair.index, 'native'));
  });

  test('wrong arguments', () => {
    using pair = vethPair();
    using link = program('drop').attachXdp(pair.index, 'generic');
    for (const call of [
      () => program('drop').attachXdp(0, 'native'),
      () => program('drop').attachXdp(1, 'offload' as never),
      () => program('accept').attachTcx(1, 'sideways' as never),
      () => link.update(link as never),
      () => link.update(object.maps.get('hits') as never),
      () => link.update(program('drop'), { expected: {} as never }),
      () => link.pin(5 as never),
      () => tcxPrograms(1, 'up' as never),
    ]) {
      expectCode('EINVAL', call);
    }
  });
});

describe('lifetime', () => {
  test('a pinned link outlives its handle until it is unpinned', () => {
    using pins = pinDirectory();
    using pair = vethPair();
    const path = `${pins.path}/link`;
    const first = program('drop').attachXdp(pair.index, 'native');
    first.pin(path);
    first[Symbol.dispose]();
    expect(xdpAttached(pair.index)?.programId).toBe(program('drop').id);
    const again = openPinnedLink(path);
    expect(again).toMatchObject({ id: first.id, type: 'xdp', ifindex: pair.index });
    again.unpin();
    again.unpin();
    expectCode('ENOENT', () => openPinnedLink(path));
    again[Symbol.dispose]();
    expect(xdpAttached(pair.index)).toBeUndefined();
  });

  test('detach wins over a pin', () => {
    using pins = pinDirectory();
    using pair = vethPair();
    using link = program('accept').attachTcx(pair.index, 'egress');
    link.pin(`${pins.path}/link`);
    link.detach();
    expect(tcxPrograms(pair.index, 'egress')).toEqual([]);
    using pinned = openPinnedLink(`${pins.path}/link`);
    expect(pinned.ifindex).toBe(0);
  });

  test('an interface that goes away', () => {
    using pair = vethPair();
    using xdp = program('drop').attachXdp(pair.index, 'native');
    using tcx = program('accept').attachTcx(pair.index, 'egress');
    execFileSync('ip', ['link', 'delete', pair.name]);
    expect([xdp.ifindex, tcx.ifindex]).toEqual([0, 0]);
    expectCode('ENOLINK', () => tcx.update(program('shoot')));
  });

  test('a pin of something else is no link', () => {
    using pins = pinDirectory();
    program('drop').pin(`${pins.path}/drop`);
    expectCode('EMISMATCH', () => openPinnedLink(`${pins.path}/drop`));
  });

  const calls: readonly (readonly [string, (link: BpfLink) => unknown])[] = [
    ['programId', (link) => link.programId],
    ['ifindex', (link) => link.ifindex],
    ['query', (link) => link.query()],
    ['update', (link) => link.update(program('drop'))],
    ['pin', (link) => link.pin('/nowhere')],
    ['unpin', (link) => link.unpin()],
    ['detach', (link) => link.detach()],
  ];
  for (const [name, call] of calls) {
    test(`${name} after dispose`, () => {
      using pair = vethPair();
      const link = program('drop').attachXdp(pair.index, 'generic');
      const { id } = link;
      link[Symbol.dispose]();
      link[Symbol.dispose]();
      expect([link.closed, link.id, link.type]).toEqual([true, id, 'xdp']);
      expectCode('ECLOSED', () => call(link));
    });
  }
});
