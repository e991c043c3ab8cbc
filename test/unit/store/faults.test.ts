/** A write that fails or is cut off at any of its calls leaves the store as it was or as it should be. */
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Assignment, DynamicRule, PolicyText } from '../../../src/store/store.ts';
import { PolicyStore } from '../../../src/store/store.ts';
import type { Fault } from '../../support/faulty-files.ts';
import { FaultyFiles, PowerCut } from '../../support/faulty-files.ts';

const setFiles = new Map([['list.txt', new TextEncoder().encode('192.0.2.7\n')]]);
const OLD: PolicyText = { text: 'name: edge\nrules: []\n', setFiles: new Map() };
const NEW: PolicyText = { text: 'name: edge\nrules: []\n# new\n', setFiles };
const assignment = (version: number): Assignment => ({
  policy: 'edge',
  version,
  hash: 'h',
  interfaces: ['eth0'],
  mode: 'auto',
  at: '2026-01-01T00:00:00.000Z',
});

const RULE: DynamicRule = {
  rule: 'scan',
  rules: [{ name: 'scan', action: 'block', specs: ['192.0.2.7+0'] }],
  interfaces: null,
};

let directory: string;
let made = 0;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'xdpol-faults-'));
});

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** What a reader can see of a store. */
function visible(store: PolicyStore): unknown {
  return {
    policies: store.list().map((name) => [name, store.read(name)?.text, store.read(name)?.setFiles.size]),
    versions: store.versions('edge').map(({ version }) => version),
    assigned: store.assignment()?.version,
    dynamic: store.dynamic.read()?.rules.map(({ rule }) => rule),
    setAside: store.setAside(),
  };
}

interface Write {
  readonly name: string;
  readonly prepare: (store: PolicyStore) => void;
  readonly write: (store: PolicyStore) => void;
}

const WRITES: readonly Write[] = [
  { name: 'the first write of all', prepare: () => undefined, write: (store) => store.write('edge', NEW) },
  { name: 'a new version', prepare: (store) => store.write('edge', OLD), write: (store) => store.write('edge', NEW) },
  {
    name: 'an assignment',
    prepare: (store) => {
      store.write('edge', OLD);
      store.assign(assignment(1));
    },
    write: (store) => store.assign(assignment(2)),
  },
  {
    name: 'the end of an assignment',
    prepare: (store) => {
      store.write('edge', OLD);
      store.assign(assignment(1));
    },
    write: (store) => store.unassign(),
  },
  {
    name: 'a policy deleted',
    prepare: (store) => {
      store.write('edge', OLD);
      store.write('edge', NEW);
      store.write('other', OLD);
    },
    write: (store) => store.delete('edge'),
  },
  {
    name: 'a dynamic rule',
    prepare: (store) => {
      store.write('edge', OLD);
      store.dynamic.write({ agent: 'a', rules: [RULE] });
    },
    write: (store) => store.dynamic.write({ agent: 'a', rules: [RULE, { ...RULE, rule: 'other' }] }),
  },
  {
    name: 'the end of dynamic rules',
    prepare: (store) => {
      store.write('edge', OLD);
      store.dynamic.write({ agent: 'a', rules: [RULE] });
    },
    write: (store) => store.dynamic.remove(),
  },
];

function callsOf({ prepare, write }: Write): number {
  const folder = join(directory, `count-${made++}`);
  prepare(new PolicyStore(folder));
  const files = new FaultyFiles();
  write(new PolicyStore(folder, { fileSystem: files }));
  return files.calls;
}

/** Injects the fault; the store before, after it, and as the whole write leaves it. */
function injected(
  { prepare, write }: Write,
  fault: Fault,
): Record<'before' | 'after' | 'whole', unknown> & { folder: string } {
  const folder = join(directory, `store-${made++}`);
  prepare(new PolicyStore(folder));
  const before = visible(new PolicyStore(folder));
  const copy = `${folder}-whole`;
  try {
    cpSync(folder, copy, { recursive: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  write(new PolicyStore(copy));
  const whole = visible(new PolicyStore(copy));
  expect(() => write(new PolicyStore(folder, { fileSystem: new FaultyFiles(fault) }))).toThrow();
  return { before, whole, after: visible(new PolicyStore(folder)), folder };
}

for (const write of WRITES) {
  describe(write.name, () => {
    test('stopped at any call: old or new, and the next write succeeds', () => {
      const calls = callsOf(write);
      expect(calls).toBeGreaterThan(2);
      for (let call = 1; call <= calls; call++) {
        const { before, whole, after, folder } = injected(write, { kind: 'stops', call });
        expect([before, whole], `call ${call}`).toContainEqual(after);
        const store = new PolicyStore(folder);
        {
          using _lock = store.lock();
          write.write(store);
        }
        expect(visible(new PolicyStore(folder)), `call ${call}, again`).toEqual(whole);
        expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([]);
      }
    });

    test('failing at any call: old or new, and the message names the store and the error', () => {
      const calls = callsOf(write);
      for (let call = 1; call <= calls; call++) {
        const { before, whole, after } = injected(write, { kind: 'fails', call, code: 'ENOSPC' });
        expect([before, whole], `call ${call}`).toContainEqual(after);
      }
      const store = new PolicyStore(join(directory, `full-${made++}`), {
        fileSystem: new FaultyFiles({ kind: 'fails', call: 1, code: 'ENOSPC' }),
      });
      expect(() => store.write('edge', OLD)).toThrow(/policy store .* cannot be used: ENOSPC/u);
    });
  });
}

test('a power cut is not mistaken for a file error', () => {
  const store = new PolicyStore(join(directory, `cut-${made++}`), {
    fileSystem: new FaultyFiles({ kind: 'stops', call: 1 }),
  });
  expect(() => store.write('edge', OLD)).toThrow(PowerCut);
});
