/** Ticks to time: the frequency, and the clock against the kernel. */
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { hertzOfConfig, hertzOfUptime, JiffiesClock } from '../../src/engine/jiffies.ts';

/** Ticks start 300 seconds before 2^32. */
function jiffiesAfter(seconds: number, hertz: number): bigint {
  return BigInt(2 ** 32 + Math.round((seconds - 300) * hertz));
}

describe('the tick frequency', () => {
  test('is in the configuration of the kernel', () => {
    expect(hertzOfConfig('CONFIG_NO_HZ=y\n# CONFIG_HZ_100 is not set\nCONFIG_HZ_250=y\nCONFIG_HZ=250\n')).toBe(250);
    expect(hertzOfConfig('# CONFIG_HZ_100 is not set\n')).toBeUndefined();
  });

  for (const hertz of [100, 250, 300, 1000]) {
    test(`${hertz} is told from the uptime, though ticks began up to a second late`, () => {
      for (const uptime of [5, 239, 361, 3600, 1e8]) {
        for (const late of [0, 0.3, 1])
          expect(hertzOfUptime(jiffiesAfter(uptime - late, hertz), uptime), `${uptime}`).toBe(hertz);
      }
    });
  }

  test('cannot be told while the count is close to 2^32', () => {
    expect(hertzOfUptime(jiffiesAfter(301, 250), 301)).toBeUndefined();
  });

  test('cannot be told where ticks are missing', () => {
    expect(hertzOfUptime(jiffiesAfter(2000, 250), 2500)).toBeUndefined();
  });

  test('is what a second has ticks', async () => {
    using clock = new JiffiesClock();
    const [ticks, from] = [clock.now(), performance.now()];
    await sleep(400);
    const measured = (1000 * Number(clock.now() - ticks)) / (performance.now() - from);
    expect(measured / clock.hertz).toBeCloseTo(1, 1);
  });
});

describe('the clock', () => {
  const openFiles = (): number => readdirSync('/proc/self/fd').length;

  test('runs as fast as time', async () => {
    using clock = new JiffiesClock();
    const timeOf = clock.compare();
    const [before, from] = [clock.now(), Date.now()];
    await sleep(200);
    const elapsed = (Date.now() - from) / 1000;
    expect(timeOf(clock.now()) - timeOf(before)).toBeCloseTo(elapsed, 1);
    expect(timeOf(clock.now())).toBeCloseTo(Date.now() / 1000, 1);
  });

  test('gives one moment one timestamp, however often it is asked', async () => {
    using clock = new JiffiesClock();
    const moment = clock.now();
    const answers = new Set<number>();
    for (let i = 0; i < 20; i++) {
      answers.add(clock.compare()(moment));
      await sleep(3);
    }
    expect([...answers]).toHaveLength(1);
  });

  test('leaves no file descriptor behind', () => {
    const before = openFiles();
    new JiffiesClock()[Symbol.dispose]();
    expect(openFiles()).toBe(before);
  });
});
