/** A store whose files a disk or a power cut damaged: what is left is used, said, and put in order by the next lock. */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EnvironmentError } from '../../../src/base/environment-error.ts';
import { BlobCache } from '../../../src/store/blob-cache.ts';
import type { FileSystem } from '../../../src/store/file-system.ts';
import { NODE_FILE_SYSTEM } from '../../../src/store/file-system.ts';
import type { Assignment, ChangeRecord, KnownHost } from '../../../src/store/store.ts';
import { LockHeld, NOTHING_KNOWN, PolicyStore } from '../../../src/store/store.ts';

const ASSIGNED: Assignment = {
  policy: 'edge',
  version: 2,
  hash: 'h',
  interfaces: ['eth0'],
  mode: 'auto',
  at: '2026-01-01T00:00:00.000Z',
};
const KNOWN: KnownHost = {
  interfaces: new Map([['eth0', { ipv4: { addresses: ['192.0.2.1/24'], at: '2026-01-01T00:00:00.000Z' } }]]),
  names: new Map([['www.example.test', { addresses: ['192.0.2.20'], at: '2026-01-02T00:00:00.000Z' }]]),
  failures: new Map([['www.example.test', 3]]),
};

let directory: string;
let reports: string[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'xdpol-damage-'));
  reports = [];
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

function open(): PolicyStore {
  return new PolicyStore(directory, { report: (line) => reports.push(line) });
}

function fill(): void {
  const store = open();
  const setFiles = new Map([['list.txt', new TextEncoder().encode('192.0.2.7\n')]]);
  store.write('edge', { text: 'name: edge\n', setFiles });
  store.write('edge', { text: 'name: edge\nstrict: true\n', setFiles });
  store.assign(ASSIGNED);
  store.knownHost.write(KNOWN);
  store.dynamic.write({ agent: 'a', rules: [] });
}

function errorOf(action: () => unknown): EnvironmentError {
  try {
    action();
  } catch (error) {
    if (error instanceof EnvironmentError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

type Damage = readonly [name: string, damage: (path: string) => void];

function rewrite(change: (content: Buffer) => Buffer): (path: string) => void {
  return (path) => writeFileSync(path, change(readFileSync(path)));
}

/** In the place of whatever is there. */
function instead(make: (path: string) => void): (path: string) => void {
  return (path) => {
    rmSync(path, { recursive: true, force: true });
    mkdirSync(dirname(path), { recursive: true });
    make(path);
  };
}

const NO_FILES: readonly Damage[] = [
  ['a folder', instead((path) => cpSync(import.meta.dirname, path, { recursive: true }))],
  ['a FIFO', instead((path) => execFileSync('mkfifo', [path]))],
  ['a link that leads nowhere', instead((path) => symlinkSync('/nowhere', path))],
  ['a link to itself', instead((path) => symlinkSync(path, path))],
];

const DAMAGE: readonly Damage[] = [
  ['empty', rewrite(() => Buffer.alloc(0))],
  ['cut in the middle', rewrite((content) => content.subarray(0, content.length / 2))],
  ['NUL bytes', rewrite((content) => Buffer.alloc(content.length))],
  ...NO_FILES,
  // Reading the first byte of this one fails with EIO.
  ['on a bad disk', instead((path) => symlinkSync('/proc/self/mem', path))],
];

/** Every file of a filled store, from its folder on. */
const FILES = [
  'format',
  'assigned.json',
  'assigned.copy.json',
  'known-host.json',
  'dynamic.json',
  'dynamic.copy.json',
  'policies/edge/1/policy.yaml',
  'policies/edge/1/version.json',
  'policies/edge/1/set-0',
  'policies/edge/2/policy.yaml',
  'policies/edge/2/version.json',
  'policies/edge/2/set-0',
];

test('these are all files of a store', () => {
  fill();
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map(({ parentPath, name }) => join(parentPath, name).slice(directory.length + 1));
  expect(paths.sort()).toEqual(FILES.toSorted());
});

for (const file of FILES) {
  describe(file, () => {
    test.each(DAMAGE)('%s: what is left is known', (_, damage) => {
      fill();
      damage(join(directory, file));
      const store = open();
      expect(store.assignment()).toEqual(ASSIGNED);
      expect(store.list()).toEqual(['edge']);
      expect(store.readThisOrEarlier('edge', 2)?.version).toBe(file.startsWith('policies/edge/2/') ? 1 : 2);
      expect(store.knownHost.read()).toEqual(file === 'known-host.json' ? NOTHING_KNOWN : KNOWN);
      expect(store.dynamic.read()?.rules).toEqual([]);
      store.lock()[Symbol.dispose]();
      reports.length = 0;
      const later = open();
      expect(later.assignment()).toEqual(ASSIGNED);
      expect(later.list()).toEqual(['edge']);
      expect(reports).toEqual([]);
    });
  });
}

describe('the assignment', () => {
  const both = (content: string): void => {
    for (const name of ['assigned.json', 'assigned.copy.json']) writeFileSync(join(directory, name), content);
  };

  test('a file that is lost is written anew from the other', () => {
    for (const name of ['assigned.json', 'assigned.copy.json']) {
      fill();
      rmSync(join(directory, name));
      expect(open().assignment()).toEqual(ASSIGNED);
      open().lock()[Symbol.dispose]();
      expect(readFileSync(join(directory, 'assigned.json'), 'utf8')).toBe(
        readFileSync(join(directory, 'assigned.copy.json'), 'utf8'),
      );
    }
  });

  test('where both are damaged nobody takes it for none, however often it is asked', () => {
    fill();
    for (const content of ['', 'not JSON', '[]', '{"policy":"edge"}', '\0\0\0']) {
      both(content);
      for (let i = 0; i < 2; i++) {
        open().lock()[Symbol.dispose]();
        const error = errorOf(() => open().assignment());
        expect(error.code).toBe('XDPOL_E_DAMAGED');
        expect(error.help).toContain('stored are: edge');
      }
    }
    open().assign(ASSIGNED);
    expect(open().assignment()).toEqual(ASSIGNED);
  });

  test('no version goes while it is not known which one is assigned', () => {
    fill();
    both('{');
    for (let i = 0; i < 15; i++) open().write('edge', { text: `name: edge\n# ${i}\n`, setFiles: new Map() });
    expect(open().versions('edge')).toHaveLength(17);
  });

  test.each([
    ['whole', (): void => undefined, true],
    ['the file damaged', () => writeFileSync(join(directory, 'assigned.json'), '{'), true],
    ['the copy damaged', () => writeFileSync(join(directory, 'assigned.copy.json'), '{'), true],
    ['both damaged', () => both('{'), false],
    ['a folder in its place', () => instead(mkdirSync)(join(directory, 'assigned.json')), true],
    ['a folder in the place of the one that ended', () => mkdirSync(join(directory, 'unassigned.json')), true],
    [
      'two links that lead nowhere',
      () => {
        for (const name of ['assigned.json', 'assigned.copy.json'])
          instead((path) => symlinkSync('/nowhere', path))(join(directory, name));
      },
      false,
    ],
  ] as const)('it ends, %s', (_, damage, isKnown) => {
    fill();
    damage();
    open().unassign();
    expect(open().assignment()).toBeUndefined();
    expect(open().lastAssignment()).toEqual(isKnown ? ASSIGNED : undefined);
  });
});

describe('dynamic rules', () => {
  const names = ['dynamic.json', 'dynamic.copy.json'];

  test.each(DAMAGE)('both files %s: set aside, and taken for none', (_, damage) => {
    fill();
    for (const name of names) damage(join(directory, name));
    expect(open().dynamic.read()).toBeUndefined();
    expect(reports.filter((line) => line.includes('set aside as'))).toHaveLength(2);
    reports.length = 0;
    expect(open().dynamic.read()).toBeUndefined();
    expect(reports).toEqual([]);
  });

  test('none is left where they are removed', () => {
    fill();
    rmSync(join(directory, 'dynamic.json'));
    expect(open().dynamic.read()?.rules).toEqual([]);
    open().dynamic.remove();
    expect(open().dynamic.read()).toBeUndefined();
  });

  test('what the disk takes in one file alone is not there', () => {
    const fileSystem: FileSystem = {
      ...NODE_FILE_SYSTEM,
      rename(from, to) {
        if (to.endsWith('/dynamic.json')) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
        NODE_FILE_SYSTEM.rename(from, to);
      },
    };
    const store = new PolicyStore(directory, { fileSystem });
    expect(errorOf(() => store.dynamic.write({ agent: 'a', rules: [] })).code).toBe('XDPOL_E_STORE');
    expect(open().dynamic.read()).toBeUndefined();
  });
});

describe('the lock', () => {
  test.each([
    ['empty', ''],
    ['NUL bytes', '\0'.repeat(64)],
    ['no process', 'what is this'],
    ['another boot', `${process.pid} 1 another-boot`],
    ['a cut name', String(process.pid)],
  ])('a lock file that is %s is taken over', (_, content) => {
    fill();
    writeFileSync(join(directory, 'lock'), content);
    open().lock()[Symbol.dispose]();
    open().lockIfPossible()[Symbol.dispose]();
    expect(readdirSync(directory).filter((name) => name.includes('lock'))).toEqual([]);
  });

  test.each(NO_FILES)('%s in its place is set aside or replaced', (_, damage) => {
    fill();
    damage(join(directory, 'lock'));
    open().lock()[Symbol.dispose]();
    damage(join(directory, 'lock'));
    open().lockIfPossible(0)[Symbol.dispose]();
    const left = readdirSync(directory).filter((name) => name.includes('lock') && !name.includes('.damaged-'));
    expect(left).toEqual([]);
    expect(reports).toEqual([]);
  });

  test('one that is held names its process and since when', () => {
    using _held = open().lock();
    const error = errorOf(() => open().lockIfPossible(0));
    expect(error).toBeInstanceOf(LockHeld);
    expect((error as LockHeld).pid).toBe(process.pid);
    expect(Math.abs(((error as LockHeld).since?.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
  });

  test('a folder that takes no file: none for who only reads, an error for who changes', () => {
    const store = new PolicyStore('/proc/self/nowhere', { report: (line) => reports.push(line) });
    store.lockIfPossible()[Symbol.dispose]();
    expect(reports.join()).toContain('going on without the lock');
    expect(errorOf(() => store.lock()).code).toBe('XDPOL_E_STORE');
  });

  test('a store of a newer format can be locked by who ends filtering', () => {
    fill();
    writeFileSync(join(directory, 'format'), '2\n');
    open().lockIfPossible()[Symbol.dispose]();
    expect(errorOf(() => open().unassign()).code).toBe('XDPOL_E_STORE_FORMAT');
    expect(existsSync(join(directory, 'assigned.json'))).toBe(true);
  });
});

test('a folder that cannot be made is an error at once', () => {
  for (const path of ['/proc/nope', '/proc/nope/deeper/still']) {
    expect(errorOf(() => new PolicyStore(path).lock()).code).toBe('XDPOL_E_STORE');
    expect(errorOf(() => new PolicyStore(path).write('edge', { text: '', setFiles: new Map() })).code).toBe(
      'XDPOL_E_STORE',
    );
  }
});

test('folders with names that nobody encoded do not hide the others', () => {
  fill();
  mkdirSync(join(directory, 'policies/%zz'));
  cpSync(join(directory, 'policies/edge/1'), join(directory, 'policies/%zz/1'), { recursive: true });
  expect(open().list()).toEqual(['edge']);
});

const CHANGE: ChangeRecord = {
  ...{ at: '2026-01-01T00:00:00.000Z', who: 'alice', uid: 0, via: 'command', verb: 'apply', policy: 'edge' },
  ...{ from: null, to: null, result: 'ok', message: null },
};
const BAN = { prefix: { family: 4, words: [0xc6336407], length: 32 }, endsAt: 0, note: '' } as const;

function ban(): void {
  open().liveSets.change('bans', { put: [BAN], removed: [], counts: { adds: 1, expired: 0, refused: {} } });
}

function blobs(): BlobCache {
  return new BlobCache(join(directory, 'cache'), (line) => reports.push(line));
}

function cache(): void {
  blobs().write('a.bin', 'key', new TextEncoder().encode('compiled'));
}

function readCached(): string {
  return new TextDecoder().decode(blobs().read('a.bin', 'key'));
}

/** Each file or folder, with a write that needs it and what is read afterwards. */
const IN_THE_WAY: readonly (readonly [name: string, write: () => void, read: () => unknown, expected: unknown])[] = [
  ['format', () => open().lock()[Symbol.dispose](), () => readFileSync(join(directory, 'format'), 'utf8'), '1\n'],
  ['assigned.json', () => open().assign(ASSIGNED), () => open().assignment(), ASSIGNED],
  ['assigned.copy.json', () => open().assign(ASSIGNED), () => open().assignment(), ASSIGNED],
  ['known-host.json', () => open().knownHost.write(KNOWN), () => open().knownHost.read(), KNOWN],
  ['agent', () => open().dynamic.register(), () => typeof open().dynamic.agent(), 'string'],
  ['changes.jsonl', () => open().changes.add(CHANGE), () => open().changes.read().changes, [CHANGE]],
  ['tallies.json', () => open().tallies.add({ kind: 'apply' }), () => open().tallies.read().applies, 1],
  ['live-sets', ban, () => open().liveSets.members('bans').size, 1],
  ['live-sets/bans.members', ban, () => open().liveSets.members('bans').size, 1],
  ['live-sets/sets.json', () => open().liveSets.declare([]), () => open().liveSets.declared(), []],
  ['cache', cache, readCached, 'compiled'],
  ['cache/a.bin', cache, readCached, 'compiled'],
  ['policies', () => open().write('a', { text: 'b', setFiles: new Map() }), () => open().list(), ['a']],
];

describe.each(IN_THE_WAY)('in the place of %s', (file, write, read, expected) => {
  test.each(NO_FILES)('%s keeps nothing from being written', (_, damage) => {
    damage(join(directory, file));
    write();
    expect(read()).toEqual(expected);
    reports.length = 0;
    read();
    expect(reports).toEqual([]);
  });
});

test('a record of changes that is no file is told as damage, and not waited for', () => {
  execFileSync('mkfifo', [join(directory, 'changes.jsonl')]);
  expect(open().changes.read()).toEqual({ changes: [], damaged: 1 });
});

test('a store that is a file itself is left alone', () => {
  const file = join(directory, 'a-file');
  writeFileSync(file, 'content');
  const store = new PolicyStore(file);
  expect(errorOf(() => store.assignment()).code).toBe('XDPOL_E_DAMAGED');
  expect(errorOf(() => store.assign(ASSIGNED)).code).toBe('XDPOL_E_STORE');
  expect(errorOf(() => store.lock()).code).toBe('XDPOL_E_STORE');
  expect(readFileSync(file, 'utf8')).toBe('content');
});
