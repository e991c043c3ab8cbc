/** Who listens to the host: one reading for all, bounded, ended in order. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import type { Listener } from '../../../src/agent/control/live-feed.ts';
import { LiveFeed } from '../../../src/agent/control/live-feed.ts';
import type { HostLiveEvent } from '../../../src/api/live-events.ts';
import { EnvironmentError } from '../../../src/base/environment-error.ts';
import type { HostCounters } from '../../../src/host/counters.ts';
import type { HostStatus } from '../../../src/host/status.ts';

const INTERVAL = 5;
const STATUS = { policy: 'edge' } as HostStatus;
const POLICIES = { policies: [], setAside: [] };

class Heard implements Listener {
  readonly events: string[] = [];
  ended: unknown = 'not yet';
  isDropped = false;
  isDeaf = false;
  mayListen = true;
  readonly admit = (): void => {
    if (!this.mayListen) throw new EnvironmentError('XDPOL_E_SIGNED_OUT', 'signed out');
  };
  readonly isReady = (): boolean => !this.isDeaf;
  readonly send: Listener['send'] = (event, json) => void this.events.push(`${event} ${json}`);
  readonly end = (error?: unknown): void => {
    this.ended = error;
  };
  readonly drop = (): void => {
    this.isDropped = true;
  };
}

let readings = 0;
let packets = 0;
type Feed = LiveFeed<HostLiveEvent>;
const feeds: Feed[] = [];

function open(fails?: () => boolean): Feed {
  readings = 0;
  const counters = (): Promise<HostCounters> => {
    readings++;
    if (fails?.() === true) return Promise.reject(new Error('the kernel says no'));
    return Promise.resolve({ policy: 'edge', generation: packets, interfaces: [] });
  };
  const source = { status: () => Promise.resolve(STATUS), policies: () => Promise.resolve(POLICIES), counters };
  const feed = new LiveFeed(source, { interval: INTERVAL, steady: 'counters' });
  feeds.push(feed);
  return feed;
}

afterEach(() => {
  for (const feed of feeds.splice(0)) feed.close();
});

test('everything at first, then what has changed, or that the counters stand still', async () => {
  const [feed, heard] = [open(), new Heard()];
  feed.add(heard);
  await vi.waitFor(() => expect(heard.events.length).toBeGreaterThan(5));
  expect(heard.events.slice(0, 3).map((event) => event.split(' ')[0])).toEqual(['status', 'policies', 'counters']);
  expect(new Set(heard.events.slice(3))).toEqual(new Set(['unchanged {}']));
  packets++;
  await vi.waitFor(() => expect(heard.events.join()).toContain(`"generation":${packets}`));
});

test('one reading for all who listen, and none while nobody does', async () => {
  const [feed, all] = [open(), Array.from({ length: 8 }, () => new Heard())];
  for (const heard of all) feed.add(heard);
  await vi.waitFor(() => expect(all.every(({ events }) => events.length > 6)).toBe(true));
  const most = Math.max(...all.map(({ events }) => events.length));
  expect(readings).toBeLessThanOrEqual(most);
  for (const heard of all) feed.remove(heard);
  const before = readings;
  await sleep(4 * INTERVAL);
  expect(readings - before).toBeLessThanOrEqual(1);
});

test('a listener too many is refused; one that goes makes room', () => {
  const [feed, all] = [open(), Array.from({ length: 32 }, () => new Heard())];
  for (const heard of all) feed.add(heard);
  expect(() => feed.add(new Heard())).toThrow('32 programs listen already');
  for (const heard of all.slice(0, 1)) feed.remove(heard);
  feed.add(new Heard());
});

test('who takes nothing is passed over, then dropped', async () => {
  const [feed, deaf, heard] = [open(), new Heard(), new Heard()];
  deaf.isDeaf = true;
  feed.add(deaf);
  feed.add(heard);
  await vi.waitFor(() => expect(deaf.isDropped).toBe(true), { timeout: 5000 });
  expect(deaf.events).toEqual([]);
  expect(heard.events.length).toBeGreaterThan(10);
});

test('who may listen no longer is told why and ended; so is everybody where nothing can be read', async () => {
  let isBroken = false;
  const [feed, leaving, staying] = [open(() => isBroken), new Heard(), new Heard()];
  feed.add(leaving);
  feed.add(staying);
  await vi.waitFor(() => expect(leaving.events.length).toBeGreaterThan(3));
  leaving.mayListen = false;
  await vi.waitFor(() => expect(leaving.ended).toMatchObject({ code: 'XDPOL_E_SIGNED_OUT' }));
  expect(staying.ended).toBe('not yet');
  isBroken = true;
  await vi.waitFor(() => expect(staying.ended).toMatchObject({ message: 'the kernel says no' }));
});

test('the end of the agent ends all of them without an error', async () => {
  const [feed, heard] = [open(), new Heard()];
  feed.add(heard);
  await vi.waitFor(() => expect(heard.events.length).toBeGreaterThan(3));
  feed.close();
  expect(heard.ended).toBeUndefined();
});
