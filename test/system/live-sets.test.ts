/** Live sets from end to end: what `xdpol set` says, and what then happens to pings of a neighbour. */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openPinnedMap } from 'libbpf-ts-bindings';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { present } from '../../src/base/assert.ts';
import { STRUCTS } from '../../src/layout/layout.gen.ts';
import { AgentProcess } from '../support/agent-process.ts';
import type { Outcome } from '../support/namespaces.ts';
import { NamespacePair } from '../support/namespaces.ts';
import { udp } from '../support/packets.ts';
import { pcapFile } from '../support/pcap.ts';
import { pinsOf, reboot } from '../support/reboot.ts';
import { problemsOf } from '../support/verb-schema.ts';

const POLICY = `name: live
addressSets:
  bans: { live: true, capacity: 300 }
rules:
  - { name: banned, action: block, filters: [{ source: $bans, destination: any }] }
`;
const OTHER = `name: other
rules:
  - { name: telnet, action: block, filters: [{ source: any, destination: me, protocol: tcp, destinationPort: 23 }] }
`;
const LIVE_PIN = /\/pair-\d+-ipv[46]$/u;
let pair: NamespacePair;
let neighbour: string;

beforeEach(() => {
  pair = new NamespacePair();
  neighbour = pair.peer.ipv4;
  writeFileSync(join(pair.directory, 'live.yaml'), POLICY);
  writeFileSync(join(pair.directory, 'other.yaml'), OTHER);
  writeFileSync(join(pair.directory, 'fed.yaml'), POLICY.replace('live: true', `file: ${list()}, watch: true`));
  apply('live.yaml');
});

afterEach(() => {
  pair[Symbol.dispose]();
});

function list(): string {
  return join(pair.directory, 'list.txt');
}

function apply(file: string): void {
  pair.exec(pair.host, pair.xdpol('apply', join(pair.directory, file), '-i', 'eth0'));
}

function xdpol(...args: readonly string[]): Outcome {
  return pair.run(pair.host, pair.xdpol(...args));
}

function set(...args: readonly string[]): string {
  return pair.exec(pair.host, pair.xdpol('set', ...args)).trim();
}

function isAnswered(address = pair.host.ipv4): boolean {
  return pair.run(pair.peer, ['ping', '-n', '-q', '-c', '1', '-W', '1', address]).status === 0;
}

/** Many times what is promised, for a machine that does other things. */
const PATIENCE_MS = 30_000;

async function waitFor(what: string, condition: () => boolean): Promise<void> {
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end && !condition(); ) await sleep(100);
  expect({ what, is: condition() }).toEqual({ what, is: true });
}

/** As if another version of xdpol had made them. */
function makeForeignTables(): void {
  const pins = pinsOf(pair).filter((path) => LIVE_PIN.test(path));
  expect(pins).toHaveLength(2);
  for (const path of pins) {
    using map = openPinnedMap(join(pair.env['XDPOL_BPFFS'] ?? '', 'xdpol', path));
    const table = map.mmap();
    new DataView(table.buffer, table.byteOffset).setUint32(STRUCTS.live_head.fields.version.offset, 0, true);
  }
}

describe('members', () => {
  test('are blocked when they are added, of both families, and pass when they are removed', () => {
    expect(isAnswered()).toBe(true);
    expect(set('add', 'bans', neighbour, pair.peer.ipv6)).toBe('bans: 2 added; 2 of 300 members');
    expect([isAnswered(), isAnswered(pair.host.ipv6)]).toEqual([false, false]);
    expect(set('add', 'bans', neighbour)).toBe('bans: 0 added, 1 there already; 2 of 300 members');
    expect(set('test', 'bans', neighbour)).toBe(`${neighbour} is in bans: ${neighbour}, without an end`);
    expect(set('remove', 'bans', neighbour, '198.51.100.1')).toBe('bans: 1 removed; 1 of 300 members');
    expect([isAnswered(), isAnswered(pair.host.ipv6)]).toEqual([true, false]);
    expect(set('clear', 'bans')).toBe('bans: 1 removed; 0 of 300 members');
    expect(isAnswered(pair.host.ipv6)).toBe(true);
    expect(xdpol('set', 'test', 'bans', neighbour).status).toBe(3);
  });

  test('stay through the next apply, through another policy and through a boot', () => {
    set('add', 'bans', neighbour, '--note', 'ssh');
    apply('live.yaml');
    expect(isAnswered()).toBe(false);
    apply('other.yaml');
    expect(isAnswered()).toBe(true);
    apply('live.yaml');
    expect(isAnswered()).toBe(false);
    reboot(pair);
    expect(isAnswered()).toBe(true);
    pair.exec(pair.host, pair.xdpol('restore'));
    expect(isAnswered()).toBe(false);
    const { members } = JSON.parse(set('list', 'bans', '--json')) as { members: readonly unknown[] };
    expect(members).toEqual([{ prefix: neighbour, ends: null, note: 'ssh' }]);
  });

  test('are not changed where a program of another version would not see it, until the policy is put in force again', () => {
    set('add', 'bans', neighbour);
    makeForeignTables();
    for (const args of [
      ['add', 'bans', '198.51.100.1'],
      ['remove', 'bans', neighbour],
    ]) {
      const { status, stderr } = xdpol('set', ...args);
      expect(status).toBe(1);
      expect(stderr).toContain('another version of xdpol');
      expect(stderr).toContain('xdpol restore');
    }
    expect(isAnswered()).toBe(false);
    pair.exec(pair.host, pair.xdpol('restore'));
    expect(isAnswered()).toBe(false);
    expect(set('remove', 'bans', neighbour)).toBe('bans: 1 removed; 0 of 300 members');
    expect(isAnswered()).toBe(true);
  });

  test('that no file has, as after a command that was killed, can be taken out', () => {
    const members = join(pair.directory, 'state', 'live-sets', 'bans.members');
    writeFileSync(list(), '198.51.100.1\n');
    for (const lift of [
      ['remove', 'bans', neighbour],
      ['clear', 'bans'],
      ['load', 'bans', list()],
    ]) {
      set('add', 'bans', neighbour);
      rmSync(members);
      expect(set('list', 'bans')).toBe('bans has no members');
      expect(isAnswered()).toBe(false);
      expect(set(...lift)).toContain('1 removed');
      expect(isAnswered(), lift.join(' ')).toBe(true);
    }
  });

  test('end by themselves', async () => {
    set('add', 'bans', neighbour, '--for', '3s');
    expect(isAnswered()).toBe(false);
    await waitFor('an answer', isAnswered);
    expect(set('list', 'bans')).toBe('bans has no members');
  });

  test('explain knows them', () => {
    writeFileSync(list(), '198.51.100.1\n');
    const explain = (...options: readonly string[]): string =>
      pair.exec(pair.host, pair.xdpol('explain', ...options, `udp ${neighbour}:4000 -> ${pair.host.ipv4}:53`));
    expect(explain()).not.toContain('banned');
    set('add', 'bans', neighbour);
    expect(explain()).toContain('banned');
    expect(explain('--members', list())).not.toContain('banned');
  });

  test('replay knows them, or those that it is given', () => {
    writeFileSync(list(), '198.51.100.1\n');
    const capture = join(pair.directory, 'two.pcap');
    const [member, stranger] = [neighbour, '198.51.100.1'].map((from) => udp(from, pair.host.ipv4).frame);
    writeFileSync(capture, pcapFile([present(member), present(member), present(stranger)]));
    const verdicts = (...options: readonly string[]): readonly string[] => {
      const replayed = pair.exec(pair.host, pair.xdpol('replay', 'live', capture, '--json', ...options));
      const lines = replayed.trim().split('\n');
      return lines.map((line) => (JSON.parse(line) as { readonly verdict: string }).verdict);
    };
    expect(verdicts()).toEqual(['pass', 'pass', 'pass']);
    set('add', 'bans', neighbour);
    expect(verdicts()).toEqual(['drop', 'drop', 'pass']);
    expect(verdicts('--members', list())).toEqual(['pass', 'pass', 'drop']);
    expect(verdicts('--members', `bans=${list()}`)).toEqual(['pass', 'pass', 'drop']);
  });
});

describe('lists', () => {
  test('a list is loaded whole, and what is not in it goes', () => {
    set('add', 'bans', '198.51.100.1');
    writeFileSync(list(), `# drop\n${neighbour}\n198.51.100.64/26\n`);
    // A /26 is 64 members.
    expect(set('load', 'bans', list(), '--split')).toBe('bans: 65 added, 1 removed; 65 of 300 members');
    expect(isAnswered()).toBe(false);
    expect(set('load', 'bans', list(), '--split')).toBe(
      'bans: 0 added, 65 there already, 0 removed; 65 of 300 members',
    );
  });

  test('one with an error changes nothing', () => {
    set('add', 'bans', neighbour);
    const { status, stderr } = pair.run(pair.host, pair.xdpol('set', 'load', 'bans', '-'), '198.51.100.1\nnobody\n');
    expect(status).toBe(3);
    expect(stderr).toContain('nobody');
    expect(set('list', 'bans')).toContain(neighbour);
  });
});

describe('refusals', () => {
  const refusals: readonly (readonly [what: string, address: () => string, why: string])[] = [
    ['an own address', () => pair.host.ipv4, 'is an address of this host'],
    ['a prefix with an own address in it', () => '192.0.2.0/24', 'is an address of this host'],
    ['what the configuration protects', () => '198.51.100.7', 'the configuration protects 198.51.100.0/24'],
    ['a gateway', () => '192.0.2.9', 'is a default gateway of this host'],
    ['a length that is no level', () => '203.0.112.0/26', 'the lengths /32, /24; add 26 to its levels in the policy'],
    ['one that can be none', () => '203.0.0.0/8', 'the lengths /32, /24; have it split into members of /24'],
  ];
  test('of what must never be banned and of what is too wide; the rest is added', () => {
    writeFileSync(pair.config, 'protect: [{ source: 198.51.100.0/24, destination: me }]\n');
    pair.exec(pair.host, ['ip', 'route', 'add', 'default', 'via', '192.0.2.9']);
    for (const [what, address, why] of refusals) {
      const { status, stderr } = xdpol('set', 'add', 'bans', address(), neighbour);
      expect(stderr, what).toContain(why);
      expect(status, what).toBe(3);
      expect(isAnswered(), what).toBe(false);
      set('clear', 'bans');
    }
  });

  test('a full set refuses, and keeps what it has', () => {
    set('add', 'bans', '203.0.112.0/24', neighbour);
    const { status, stdout } = xdpol(
      'set',
      'add',
      'bans',
      '10.0.0.0/16',
      '10.1.0.0/18',
      '203.0.0.0/8',
      '--split',
      '--json',
    );
    expect(problemsOf('set', stdout)).toEqual([]);
    const { added, refusedCount, entries } = JSON.parse(stdout) as Record<string, number>;
    expect({ status, added, refusedCount, entries }).toEqual({ status: 3, added: 298, refusedCount: 23, entries: 300 });
    expect(isAnswered()).toBe(false);
  });

  test('of a policy that does not come in force: sets and members are as they were', () => {
    set('add', 'bans', '203.0.112.0/24', neighbour);
    const before = set('list', '--json');
    const wider = POLICY.replace('capacity: 300 }', 'capacity: 900, levels: [32] }\n  more: { live: true }');
    writeFileSync(join(pair.directory, 'wider.yaml'), wider.replace('source: $bans', 'source: [$bans, $more]'));
    const { status, stderr } = xdpol('apply', join(pair.directory, 'wider.yaml'), '-i', 'eth0', '--mode', 'generic');
    expect(stderr).toContain('cannot change to generic');
    expect(status).toBe(1);
    expect(set('list', '--json')).toBe(before);
    expect(set('test', 'bans', '203.0.112.7', '--json')).toContain('"prefix":"203.0.112.0/24"');
    expect(isAnswered()).toBe(false);
  });

  test('there is no such set', () => {
    const { status, stderr } = xdpol('set', 'add', 'ban', neighbour);
    expect(status).toBe(1);
    expect(stderr).toContain('there is no live set ban: there are: bans');
  });
});

test('an agent does the same, counts it, and takes out what has ended', async () => {
  const agent = await AgentProcess.start(pair);
  set('add', 'bans', '198.51.100.1');
  set('add', 'bans', neighbour, '--for', '2s');
  xdpol('set', 'add', 'bans', pair.host.ipv4);
  expect(isAnswered()).toBe(false);
  const lines = (): readonly string[] =>
    agent
      .fetch('/metrics')
      .body.split('\n')
      .filter((line) => line.startsWith('xdpol_set_'));
  await waitFor('an end that is counted', () => lines().includes('xdpol_set_expired_total{set="bans"} 1'));
  expect(isAnswered()).toBe(true);
  expect(lines()).toEqual(
    expect.arrayContaining([
      'xdpol_set_entries{set="bans"} 1',
      'xdpol_set_capacity{set="bans"} 300',
      'xdpol_set_adds_total{set="bans"} 2',
      'xdpol_set_refused_total{set="bans",reason="own"} 1',
    ]),
  );
});

test('an agent follows a watched file, and keeps the members when the file empties', async () => {
  writeFileSync(list(), `${neighbour}\n`);
  apply('fed.yaml');
  const agent = await AgentProcess.start(pair);
  await waitFor('a ban from the file', () => !isAnswered());
  writeFileSync(list(), '');
  const failures = (): string | undefined =>
    agent
      .fetch('/metrics')
      .body.split('\n')
      .find((line) => line.startsWith('xdpol_feed_failures_total{set="bans"}'));
  await waitFor('a failure that is counted', () => !(failures()?.endsWith(' 0') ?? true));
  expect(isAnswered()).toBe(false);
  expect(set('list')).toContain(`bans is from ${list()}, as it was `);
  expect(set('list')).toContain('now: it has no addresses');
  const warning = new RegExp(`the live set bans keeps the list of .+ ago: ${list()}: it has no addresses`, 'u');
  const { warnings } = JSON.parse(pair.exec(pair.host, pair.xdpol('status', '--json'))) as {
    readonly warnings: readonly string[];
  };
  expect(warnings).toEqual([expect.stringMatching(warning)]);
  writeFileSync(list(), '198.51.100.1\n');
  await waitFor('an answer', isAnswered);
});

/** Answers as the local API of CrowdSec does: once with what stands in a file, and then that nothing is new. */
const LOCAL_API = `const [path, key] = process.argv.slice(1);
const fs = require('node:fs');
require('node:http').createServer((request, response) => {
  const isAsked = request.url.startsWith('/v1/decisions/stream') && request.headers['x-api-key'] === key;
  const answer = fs.existsSync(path) ? fs.readFileSync(path) : '{"new": null, "deleted": null}';
  if (isAsked) fs.rmSync(path, { force: true });
  response.writeHead(isAsked ? 200 : 403).end(isAsked ? answer : '');
}).listen(8080, '127.0.0.1');`;

test('an agent drops what CrowdSec bans, until the ban is deleted', async () => {
  const [answer, keyFile] = [join(pair.directory, 'answer.json'), join(pair.directory, 'crowdsec.key')];
  const decide = (kind: 'new' | 'deleted', duration: string): void => {
    const decision = { origin: 'cscli', type: 'ban', scope: 'Ip', scenario: 'ssh-bf', value: neighbour, duration };
    writeFileSync(`${answer}.part`, JSON.stringify({ new: null, deleted: null, [kind]: [decision] }));
    renameSync(`${answer}.part`, answer);
  };
  writeFileSync(keyFile, 'secret\n');
  pair.spawn(pair.host, [process.execPath, '-e', LOCAL_API, answer, 'secret'], { stdio: 'ignore' });
  const source = `crowdsec: { url: "http://127.0.0.1:8080/", keyFile: ${keyFile} }, every: 1s`;
  writeFileSync(join(pair.directory, 'crowd.yaml'), POLICY.replace('live: true', source));
  apply('crowd.yaml');
  await AgentProcess.start(pair);
  expect(isAnswered()).toBe(true);
  decide('new', '3h59m54.2s');
  await waitFor('a ban', () => !isAnswered());
  expect(set('test', 'bans', neighbour)).toContain(`${neighbour} is in bans`);
  decide('deleted', '-1s');
  await waitFor('an answer', isAnswered);
});
