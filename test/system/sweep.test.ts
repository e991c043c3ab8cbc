/** Pins of network namespaces that are gone: removed by whoever comes next, without harm to others who do so too. */
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createMap, networkNamespaceCookie } from 'libbpf-ts-bindings';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NamespacePair } from '../support/namespaces.ts';
import { ownProcess } from '../support/own-process.ts';
import { KEPT_PINS } from '../support/pins.ts';

const SWEEPERS = 4;
const LEFT_BEHIND = 150;
/** Of no network namespace: their inodes begin at 0xf0000000. */
const NO_INODE = 77;
/** Of a namespace before all others: cookies only grow. */
const FORMER_COOKIE = 1;

const POLICY = `name: swept
rules:
  - { name: telnet, action: block, filters: [{ source: any, destination: any, protocol: tcp, destinationPort: 23 }] }
`;

let pair: NamespacePair;
let all: string;

beforeAll(() => {
  pair = new NamespacePair({ ipv6: false });
  all = join(pair.env['XDPOL_BPFFS'] ?? '', 'xdpol');
});

afterAll(() => pair[Symbol.dispose]());

/** What `apply` leaves of a namespace whose interfaces are gone. */
function leaveBehind(inode: number, cookie: bigint | number): string {
  const directory = join(all, `net-${inode}-${cookie}`, 'eth0');
  mkdirSync(directory, { recursive: true });
  for (const name of KEPT_PINS) {
    using map = createMap({ name: 'left', type: 'array', keySize: 4, valueSize: 4, maxEntries: 1 });
    map.pin(join(directory, name));
  }
  return directory;
}

describe('several processes', () => {
  test('sweep at once: none fails, and everything dead is gone', async () => {
    for (let i = 0; i < LEFT_BEHIND; i++) leaveBehind(NO_INODE, i);
    const argv = ownProcess('sweep-loop', join(all, 'net-1-1'), '40');
    const ends = Array.from({ length: SWEEPERS }, () =>
      once(pair.spawn(pair.host, argv, { stdio: ['ignore', 'ignore', 'inherit'] }), 'exit'),
    );
    expect(await Promise.all(ends)).toEqual(Array.from({ length: SWEEPERS }, () => [0, null]));
    expect(readdirSync(all)).toEqual([]);
  });

  test('what belongs to a namespace that lives stays, even without links; of one that had its inode before, it goes', () => {
    const living = `/run/netns/${pair.peer.namespace}`;
    const directory = leaveBehind(statSync(living).ino, networkNamespaceCookie(living));
    leaveBehind(statSync(living).ino, FORMER_COOKIE);
    pair.exec(pair.host, ownProcess('sweep-loop', join(all, 'net-1-1'), '1'));
    expect(readdirSync(all)).toEqual([basename(join(directory, '..'))]);
    expect(readdirSync(directory).sort()).toEqual(KEPT_PINS);
    execFileSync('rm', ['-r', join(directory, '..')]);
  });

  test('apply in namespaces of their own, beside others that end: all succeed', async () => {
    const policy = join(pair.directory, 'swept.yaml');
    writeFileSync(policy, POLICY);
    const names = Array.from({ length: 8 }, (_, i) => `${pair.host.namespace}-${i}`);
    const inside = (name: string): readonly string[] => ['nsenter', `--net=/run/netns/${name}`];
    try {
      for (const name of names) {
        spawnSync('ip', ['netns', 'add', name]);
        spawnSync('ip', ['-n', name, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'eth1']);
      }
      for (let i = 0; i < LEFT_BEHIND; i++) leaveBehind(NO_INODE, i);
      const ends = names.map((name) => {
        const state = `XDPOL_STATE_DIR=${join(pair.directory, name)}`;
        const argv = [...inside(name), 'env', state, ...pair.xdpol('apply', policy, '-i', 'eth0')];
        return once(pair.spawn(pair.host, argv, { stdio: ['ignore', 'ignore', 'inherit'] }), 'exit');
      });
      expect(await Promise.all(ends)).toEqual(names.map(() => [0, null]));
      expect(readdirSync(all)).toHaveLength(names.length);
    } finally {
      for (const name of names) spawnSync('ip', ['netns', 'del', name], { stdio: 'ignore' });
    }
  });
});
