/** `xdpol top` as a user has it: on a terminal with keys, and in a pipe. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { NamespacePair } from '../support/namespaces.ts';

let pair: NamespacePair;

beforeEach(() => {
  pair = new NamespacePair({ ipv6: false });
  const path = join(pair.directory, 'edge.yaml');
  const filter = '{ source: any, destination: me, protocol: icmp, mirrored: true }';
  const sets = 'addressSets: { bans: { live: true, capacity: 100 } }\n';
  const bans = '  - { name: bans, action: block, filters: [{ source: $bans, destination: me }] }\n';
  writeFileSync(path, `name: edge\n${sets}rules:\n${bans}  - { name: pings, action: permit, filters: [${filter}] }\n`);
  pair.exec(pair.host, pair.xdpol('apply', path, '-i', pair.host.device));
});

afterEach(() => {
  pair[Symbol.dispose]();
});

test('in a pipe: one table, with the rates of one interval', async () => {
  const ping = pair.spawn(pair.peer, ['ping', '-q', '-i', '0.05', '-c', '200', pair.host.ipv4], { stdio: 'ignore' });
  const ended = once(ping, 'exit');
  const lines = pair
    .exec(pair.host, pair.xdpol('top', '--interval', '1'))
    .trimEnd()
    .split('\n');
  ping.kill();
  await ended;
  expect(lines[0]).toMatch(/^BY +NAME +ACTION +PACKETS\/S +BIT\/S +PACKETS$/u);
  const [by, name, action, rate] = lines[1]?.split(/ +/u) ?? [];
  expect([by, name, action]).toEqual(['rule', 'pings', 'permit']);
  expect(Number(rate)).toBeGreaterThan(1);
});

test('on a terminal: keys sort, filter and end it, and the terminal is given back', async () => {
  const command = `stty rows 24 cols 80; ${pair.xdpol('top', '--interval', '0.2').join(' ')}; echo over`;
  const child = pair.spawn(pair.host, ['env', 'LC_ALL=C.UTF-8', 'script', '-qec', command, '/dev/null']);
  let screen = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    screen += chunk.toString();
  });
  const ended = once(child, 'exit');
  const press = async (keys: string, wanted: string): Promise<void> => {
    screen = '';
    child.stdin?.write(keys);
    for (let i = 0; i < 150 && !screen.includes(wanted); i++) await sleep(100);
    expect(screen).toContain(wanted);
  };
  await press('', `${pair.host.device} in (native): pass`);
  await press('', 'sets: bans 0 of 100 (0 %)');
  await press('s', '[sorted by bit/s]');
  await press('p', '[sorted by bit/s, paused]');
  await press('/pi', 'filter: pi_');
  await press('\r', '[sorted by bit/s, only "pi", paused]');
  await press('q', 'over');
  await ended;
  expect(screen).toContain('\u001b[?25h\u001b[?1049l');
});

test('a damaged interval is refused', () => {
  const { status, stderr } = pair.run(pair.host, pair.xdpol('top', '--interval', '0'));
  expect(status).toBe(2);
  expect(stderr).toContain('write 0.1 to 3600 seconds');
});
