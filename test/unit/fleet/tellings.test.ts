/** Policies that go along with their orders: to a few hosts at a time, and nobody waits long for a host that does not read. */
import { randomBytes } from 'node:crypto';
import type { ServerHttp2Stream } from 'node:http2';
import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import type { KeptBlobs } from '../../../src/fleet/front/kept-blobs.ts';
import { PolicyLines } from '../../../src/fleet/front/policy-lines.ts';
import { Tellings } from '../../../src/fleet/front/tellings.ts';

/** More than are written to at once. */
const CROWD = 100;
const AT_ONCE = 64;
const DIGEST = 'ab'.repeat(32);
const PACKED = randomBytes(20_000);

/** What a host was written; one that does not read takes nothing more after the first write. */
class HostStream extends Writable {
  text = '';
  readonly #isReading: boolean;

  constructor(isReading: boolean) {
    super();
    this.#isReading = isReading;
  }

  override _writev(chunks: readonly { readonly chunk: Buffer }[], written: () => void): void {
    this.text += Buffer.concat(chunks.map(({ chunk }) => chunk)).toString();
    if (this.#isReading) setImmediate(written);
  }

  get hasPolicy(): boolean {
    return this.text.includes('"kind":"policy"');
  }
}

function linesOf(get: (sha256: string) => Promise<Uint8Array | undefined>): PolicyLines {
  return new PolicyLines({ get } as KeptBlobs);
}

function tell(tellings: Tellings, hosts: readonly HostStream[], text: string): void {
  tellings.add(hosts.map((host) => ({ stream: host as unknown as ServerHttp2Stream, text, policy: DIGEST })));
}

test('hosts that do not read hold the others up for a second at most, and are sent no other policy', async () => {
  const tellings = new Tellings(linesOf(() => Promise.resolve(PACKED)));
  const silent = Array.from({ length: AT_ONCE }, () => new HostStream(false));
  const reading = Array.from({ length: CROWD }, () => new HostStream(true));
  tell(tellings, [...silent, ...reading], 'first\n');
  await expect.poll(() => silent.filter(({ hasPolicy }) => hasPolicy).length).toBe(AT_ONCE);
  expect(reading.filter(({ text }) => text !== '')).toEqual([]);
  await expect.poll(() => reading.filter(({ hasPolicy }) => hasPolicy).length, { timeout: 5000 }).toBe(CROWD);
  tell(tellings, [...silent, ...reading], 'second\n');
  await expect.poll(() => reading.filter(({ text }) => text.endsWith('second\n')).length, { timeout: 900 }).toBe(CROWD);
  // They wait with the text alone.
  for (const { writableLength } of silent) expect(writableLength).toBeLessThan(2 * PACKED.length);
  const [one] = reading;
  expect(one?.text.split('\n').map((line) => line.slice(0, 16))).toEqual([
    '{"kind":"policy"',
    'first',
    '{"kind":"policy"',
    'second',
    '',
  ]);
});

test('an order goes without its policy where the store does not give it in time, or it is large', async () => {
  const never = linesOf(async () => await new Promise<undefined>(() => undefined));
  const failing = linesOf(() => Promise.reject(new Error('the store does not answer')));
  const large = linesOf(() => Promise.resolve(Buffer.alloc(32_769)));
  for (const lines of [never, failing, large]) {
    const tellings = new Tellings(lines);
    const host = new HostStream(true);
    tell(tellings, [host], 'order\n');
    // Only the first one waits.
    tell(tellings, [host], 'order\n');
    await expect.poll(() => host.text, { timeout: 5000 }).toBe('order\norder\n');
  }
});
