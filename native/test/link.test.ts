import { execFileSync } from 'node:child_process';
import {
  type BpfLink,
  type BpfObject,
  type BpfProgram,
  clsactProgram,
  detachClsact,
  loadObject,
  openPinnedLink,
  tcxPrograms,
  tryClsact,
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

describe('clsact', () => {
  const place = { priority: 7, handle: 0x1234 } as const;
  const tc = (...args: readonly string[]): string => execFileSync('tc', args, { encoding: 'utf8', stdio: 'pipe' });

  for (const hook of ['ingress', 'egress'] as const) {
    test(`${hook}: attach, replace, detach`, () => {
      using pair = vethPair();
      const other = hook === 'ingress' ? 'egress' : 'ingress';
      expect(clsactProgram(pair.index, hook, place)).toBeUndefined();
      expect(detachClsact(pair.index, hook, place)).toBe(false);
      program('accept').attachClsact(pair.index, hook, place);
      expect(clsactProgram(pair.index, hook, place)).toBe(program('accept').id);
      expect(clsactProgram(pair.index, other, place)).toBeUndefined();
      expect(clsactProgram(pair.index, hook, { ...place, handle: 1 })).toBeUndefined();
      expect(clsactProgram(pair.index, hook, { ...place, priority: 1 })).toBeUndefined();
      expect(tc('filter', 'show', 'dev', pair.name, hook)).toMatch(
        /protocol all pref 7 bpf.*handle 0x1234.*direct-action/u,
      );
      expectCode('EEXIST', () => program('shoot').attachClsact(pair.index, hook, place));
      expectCode('EEXIST', () => tryClsact(pair.index, hook, place));
      tryClsact(pair.index, hook, { ...place, handle: 1 });
      program('shoot').attachClsact(pair.index, hook, place, { replace: true });
      expect(clsactProgram(pair.index, hook, place)).toBe(program('shoot').id);
      expect(detachClsact(pair.index, hook, place)).toBe(true);
      expect(detachClsact(pair.index, hook, place)).toBe(false);
      expect(clsactProgram(pair.index, hook, place)).toBeUndefined();
      expect(tc('qdisc', 'show', 'dev', pair.name)).toContain('clsact');
    });
  }

  test('a trial leaves no qdisc behind', () => {
    using pair = vethPair();
    const before = tc('qdisc', 'show', 'dev', pair.name);
    tryClsact(pair.index, 'egress', place);
    expect(tc('qdisc', 'show', 'dev', pair.name)).toBe(before);
  });

  test('a replacement needs nothing to replace', () => {
    using pair = vethPair();
    program('accept').attachClsact(pair.index, 'egress', place, { replace: true });
    expect(clsactProgram(pair.index, 'egress', place)).toBe(program('accept').id);
  });

  test('filters of others stay, and one of another kind or protocol keeps its priority', () => {
    using pair = vethPair();
    tc('qdisc', 'add', 'dev', pair.name, 'clsact');
    const all = ['u32', 'match', 'u32', '0', '0'];
    tc('filter', 'add', 'dev', pair.name, 'egress', 'prio', '7', 'protocol', 'ip', ...all);
    expect(clsactProgram(pair.index, 'egress', place)).toBeUndefined();
    expect(detachClsact(pair.index, 'egress', place)).toBe(false);
    for (const opts of [{}, { replace: true }]) {
      const attach = (): void => program('accept').attachClsact(pair.index, 'egress', place, opts);
      expectCode('EINVAL', attach);
    }
    expectCode('EINVAL', () => tryClsact(pair.index, 'egress', place));
    tryClsact(pair.index, 'ingress', place);
    program('accept').attachClsact(pair.index, 'egress', { ...place, priority: 6 });
    expect(detachClsact(pair.index, 'egress', { ...place, priority: 6 })).toBe(true);
    expect(tc('filter', 'show', 'dev', pair.name, 'egress')).toContain('u32');
  });

  test('the ingress qdisc is not taken for clsact: it would run the program at the wrong hook', () => {
    using pair = vethPair();
    tc('qdisc', 'add', 'dev', pair.name, 'ingress');
    expectCode('EBUSY', () => program('accept').attachClsact(pair.index, 'egress', place));
    expectCode('EBUSY', () => tryClsact(pair.index, 'egress', place));
    expect(clsactProgram(pair.index, 'egress', place)).toBeUndefined();
    tc('qdisc', 'del', 'dev', pair.name, 'ingress');
    expect(clsactProgram(pair.index, 'egress', place)).toBeUndefined();
    program('accept').attachClsact(pair.index, 'egress', place);
    expect(clsactProgram(pair.index, 'egress', place)).toBe(program('accept').id);
  });
});

describe('what the kernel refuses', () => {
  test('interfaces that are not there', () => {
    for (const call of [
      () => program('drop').attachXdp(2 ** 31 - 1, 'native'),
      () => program('accept').attachTcx(2 ** 31 - 1, 'egress'),
      () => xdpAttached(2 ** 31 - 1),
      () => tcxPrograms(2 ** 31 - 1, 'ingress'),
      () => program('accept').attachClsact(2 ** 31 - 1, 'egress', { priority: 1, handle: 1 }),
      () => clsactProgram(2 ** 31 - 1, 'egress', { priority: 1, handle: 1 }),
      () => detachClsact(2 ** 31 - 1, 'egress', { priority: 1, handle: 1 }),
    ]) {
      expectCode('ENODEV', call);
    }
  });

  test('a program of another type', () => {
    using pair = vethPair();
    expectCode('EINVAL', () => program('drop').attachTcx(pair.index, 'ingress'));
    expectCode('EINVAL', () => program('accept').attachXdp(pair.index, 'native'));
    expectCode('EINVAL', () => program('drop').attachClsact(pair.index, 'egress', { priority: 1, handle: 1 }));
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
      () => clsactProgram(1, 'up' as never, { priority: 1, handle: 1 }),
      () => clsactProgram(1, 'egress', undefined as never),
      () => clsactProgram(1, 'egress', { priority: 0, handle: 1 }),
      () => clsactProgram(1, 'egress', { priority: 0x10000, handle: 1 }),
      () => detachClsact(1, 'egress', { priority: 1, handle: 0 }),
      () => detachClsact(1, 'egress', { priority: 1 } as never),
      () => program('accept').attachClsact(1, 'egress', { priority: 1, handle: 2 ** 32 }),
      () => program('accept').attachClsact(1, 'egress', { priority: 1, handle: 1 }, { replace: 1 as never }),
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
