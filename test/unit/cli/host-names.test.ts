/** Names of addresses: known once they are answered, asked for once, and never waited for. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { HostNames } from '../../../src/cli/host-names.ts';

const TEXT = 'tcp 203.0.113.9:40000 -> [2001:db8::1]:80';

test('the first look knows nothing, a later one does, and each address is asked for once', async () => {
  const asked: string[] = [];
  const names = new HostNames((address) => {
    asked.push(address);
    return Promise.resolve([`host-${asked.length}.example`]);
  });
  expect(names.knownIn(TEXT).size).toBe(0);
  await sleep(0);
  expect([...names.knownIn(TEXT)]).toEqual([
    ['203.0.113.9', 'host-1.example'],
    ['2001:db8::1', 'host-2.example'],
  ]);
  names.knownIn('icmp 203.0.113.9 -> 2001:db8::1 type 8');
  expect(asked).toEqual(['203.0.113.9', '2001:db8::1']);
});

test('an address without a name, and a name that is none', async () => {
  const names = new HostNames((address) =>
    address === '192.0.2.1' ? Promise.reject(new Error('ENOTFOUND')) : Promise.resolve(['evil\u001b[2J']),
  );
  names.knownIn('icmp 192.0.2.1 -> 192.0.2.2');
  await sleep(0);
  expect(names.knownIn('icmp 192.0.2.1 -> 192.0.2.2').size).toBe(0);
});

test('a server that is silent holds up nothing, and is not asked without bound', () => {
  let asked = 0;
  const names = new HostNames(() => {
    asked++;
    return new Promise(() => undefined);
  });
  for (let i = 1; i < 200; i++) names.knownIn(`icmp 192.0.2.${i} -> 198.51.100.${i}`);
  expect(asked).toBe(16);
});
