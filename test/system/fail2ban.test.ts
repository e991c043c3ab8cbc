/** The action for fail2ban: a line of a log bans an address, its packets stop, and unbanning lets them through again. */
import { appendFileSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { NamespacePair } from '../support/namespaces.ts';

const POLICY = `name: jailed
addressSets: { bans: { live: true } }
rules:
  - { name: banned, action: block, filters: [{ source: $bans, destination: any }] }
`;
/** Many times what it takes, for a machine that does other things. */
const PATIENCE_MS = 60_000;

async function waitFor(what: string, condition: () => boolean): Promise<void> {
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end && !condition(); ) await sleep(200);
  expect({ what, is: condition() }).toEqual({ what, is: true });
}

/** Of one jail, which bans at the first line. Returns the folder and the log that is watched. */
function configure(pair: NamespacePair): { readonly folder: string; readonly log: string } {
  const folder = join(pair.directory, 'fail2ban');
  const log = join(folder, 'door.log');
  const program = join(folder, 'xdpol');
  for (const one of ['action.d', 'filter.d']) mkdirSync(join(folder, one), { recursive: true });
  copyFileSync(new URL('../../contrib/fail2ban/xdpol.conf', import.meta.url), join(folder, 'action.d/xdpol.conf'));
  const command = pair.xdpol().map((word) => `'${word}'`);
  writeFileSync(program, `#!/bin/sh\nexec ${command.join(' ')} "$@"\n`, { mode: 0o755 });
  writeFileSync(log, '');
  const files = `logtarget = ${join(folder, 'server.log')}\nsocket = ${join(folder, 'socket')}\npidfile = ${join(folder, 'pid')}`;
  const server = `[Definition]\nloglevel = INFO\nsyslogsocket = auto\n${files}\ndbfile = None\n`;
  writeFileSync(join(folder, 'fail2ban.conf'), server);
  writeFileSync(join(folder, 'filter.d/door.conf'), '[Definition]\nfailregex = refused <HOST>$\n');
  const times = 'maxretry = 1\nfindtime = 600\nbantime = 900\nusedns = no';
  const action = `action = xdpol[xdpol="${program}", name=door]`;
  const jail = `[door]\nenabled = true\nbackend = polling\nfilter = door\nlogpath = ${log}\n${times}\n${action}\n`;
  writeFileSync(join(folder, 'jail.conf'), jail);
  return { folder, log };
}

test('a ban stops packets, and unbanning lets them through', async () => {
  using pair = new NamespacePair();
  const policy = join(pair.directory, 'jailed.yaml');
  writeFileSync(policy, POLICY);
  pair.exec(pair.host, pair.xdpol('apply', policy, '-i', 'eth0'));
  const { folder, log } = configure(pair);
  pair.spawn(pair.host, ['fail2ban-server', '-f', '-c', folder], { stdio: 'ignore' });
  const client = (...args: readonly string[]): { readonly status: number | null; readonly stdout: string } =>
    pair.run(pair.host, ['fail2ban-client', '-c', folder, ...args]);
  const isAnswered = (): boolean =>
    pair.run(pair.peer, ['ping', '-n', '-q', '-c', '1', '-W', '1', pair.host.ipv4]).status === 0;
  await waitFor('a jail', () => client('status', 'door').status === 0);
  expect(isAnswered()).toBe(true);

  appendFileSync(log, `${new Date().toISOString()} refused ${pair.peer.ipv4}\n`);
  await waitFor('a ban', () => !isAnswered());
  const { members } = JSON.parse(pair.exec(pair.host, pair.xdpol('set', 'list', 'bans', '--json'))) as {
    readonly members: readonly { readonly prefix: string; readonly ends: string; readonly note: string }[];
  };
  expect(members).toEqual([{ prefix: pair.peer.ipv4, ends: expect.any(String) as string, note: 'fail2ban door' }]);

  expect(client('set', 'door', 'unbanip', pair.peer.ipv4).stdout.trim()).toBe('1');
  await waitFor('an answer', isAnswered);
  expect(client('stop').status).toBe(0);
});
