/** Which calls need CAP_SYS_ADMIN: the others work for a user who has CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN alone. */
import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { loadObject } from 'libbpf-ts-bindings';
import { expect, test } from 'vitest';
import { expectNoLeaks, networkNamespace, objectFile, pinDirectory } from './support.ts';

expectNoLeaks();

const LIBRARY = JSON.stringify(join(import.meta.dirname, '..', 'dist', 'index.js'));
const NOBODY = '65534';

/** Prints, for each call in turn, `done` or the code of its error. */
const CALLS = `
const [, object, pins, programId, mapId] = process.argv;
import(${LIBRARY}).then((bpf) => {
  const ends = {};
  const note = (name, call) => {
    try {
      const result = call();
      ends[name] = 'done';
      return result;
    } catch (error) {
      ends[name] = error.code;
    }
  };
  const map = note('create a map', () => bpf.createMap({ name: 'm', type: 'array', keySize: 4, valueSize: 4, maxEntries: 1 }));
  const loaded = note('load', () => bpf.loadObject(object, { programs: ['drop', 'accept'] }));
  const drop = loaded?.programs.get('drop');
  const lo = bpf.interfaceIndex('lo');
  note('test run', () => drop.testRun(new Uint8Array(60)));
  const link = note('attach at XDP', () => drop.attachXdp(lo, 'generic'));
  note('attach at clsact', () => loaded.programs.get('accept').attachClsact(lo, 'egress', { handle: 1, priority: 1 }));
  note('pin', () => map.pin(pins + '/m'));
  note('open a pin', () => bpf.openPinnedMap(pins + '/m'));
  note('ask a link', () => link.query());
  note('open a program by its number', () => bpf.openProgramById(Number(programId)));
  note('open a map by its number', () => bpf.openMapById(Number(mapId)));
  process.stdout.write(JSON.stringify(ends));
  process.exit(0);
});
`;

function run(capabilities: readonly string[]): unknown {
  using namespace = networkNamespace();
  using pins = pinDirectory();
  using object = loadObject(objectFile('probes'), { programs: ['drop'] });
  chmodSync(pins.path, 0o777);
  chmodSync(dirname(objectFile('probes')), 0o755);
  const set = capabilities.map((name) => `+${name}`).join(',');
  const user = ['--reuid', NOBODY, '--regid', NOBODY, '--clear-groups', '--inh-caps', set, '--ambient-caps', set];
  const ids = [object.programs.get('drop')?.id, object.maps.get('hits')?.id].map(String);
  const argv = ['setpriv', ...user, process.execPath, '-e', CALLS, objectFile('probes'), pins.path, ...ids];
  const { stdout, stderr } = spawnSync('nsenter', [`--net=${namespace.path}`, '--', ...argv], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

const WITHOUT_NUMBERS = {
  'create a map': 'done',
  load: 'done',
  'test run': 'done',
  'attach at XDP': 'done',
  'attach at clsact': 'done',
  pin: 'done',
  'open a pin': 'done',
  'ask a link': 'done',
};

test('only opening by number needs it', () => {
  const numbers = (end: string): object => ({
    'open a program by its number': end,
    'open a map by its number': end,
  });
  expect(run(['bpf', 'perfmon', 'net_admin'])).toEqual({ ...WITHOUT_NUMBERS, ...numbers('EPERM') });
  expect(run(['bpf', 'perfmon', 'net_admin', 'sys_admin'])).toEqual({ ...WITHOUT_NUMBERS, ...numbers('done') });
});
