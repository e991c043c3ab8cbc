/** Which orders a host takes, over a real file. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { OrderBook } from '../../../../src/agent/fleet/order-book.ts';
import { present } from '../../../../src/base/assert.ts';
import { signMembership } from '../../../../src/fleet/membership.ts';
import type { Order } from '../../../../src/fleet/order.ts';
import { digestOf, signOrder } from '../../../../src/fleet/order.ts';
import type { Signed } from '../../../../src/fleet/signing.ts';
import { makeSigningKey, publicKeyText, readSigningKey, trustedKeys } from '../../../../src/fleet/signing.ts';
import { PolicyStore } from '../../../../src/store/store.ts';

const ALICE = present(readSigningKey(makeSigningKey()));
const MALLORY = present(readSigningKey(makeSigningKey()));
const KEYS = trustedKeys([publicKeyText(ALICE.key)]);
const NOW = 1_800_000_000_000;
const DAY = 86_400_000;

const HEAD = { issued: NOW, expires: NOW + DAY, previous: null, wave: null } as const;
const UNASSIGN = { kind: 'unassign', ...HEAD } as const;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'xdpol-book-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

function open(host = 'web1', keys = KEYS): OrderBook {
  return new OrderBook(new PolicyStore(directory).fleet, host, keys);
}

function order(target: Order['target'], seq: number, more: Partial<Order> = {}): Signed {
  const policy = { name: 'edge', version: seq, sha256: 'ab'.repeat(32), size: 9 };
  return signOrder({ kind: 'policy', ...HEAD, target, seq, policy, ...more } as Order, ALICE);
}

function membership(host: string, groups: readonly string[], seq: number): Signed {
  return signMembership({ host, groups, seq }, ALICE);
}

function refusal(book: OrderBook, signed: Signed, now = NOW): string {
  const taken = book.takeOrder(signed, now);
  return 'refused' in taken ? taken.refused : taken.isNew ? 'new' : 'known';
}

describe('what is refused', () => {
  const cases: readonly (readonly [what: string, refused: string, signed: Signed, now?: number])[] = [
    ['an order of another host, replayed here', 'other-target', order('host/web2', 9)],
    ['the order of a group that the host is not in', 'other-target', order('group/mail', 9)],
    ['an older order of this host', 'replayed', order('host/web1', 4)],
    ['another order under a number that was taken', 'replayed', order('host/web1', 5, { expires: NOW + 2 * DAY })],
    ['an order that came after its end', 'expired', order('host/web1', 9), NOW + DAY + 1],
    [
      'an order for other hosts of its group',
      'other-wave',
      order('group/web', 9, { wave: { rollout: 'r1', number: 1, of: 2, hosts: ['web2'] } }),
    ],
    ['an order that a stranger signed', 'unknown-key', signOrder({ ...bodyOf(order('host/web1', 9)) }, MALLORY)],
    ['a membership in the place of an order', 'bad-signature', membership('web1', ['web'], 9)],
  ];
  for (const [what, refused, signed, now] of cases) {
    test(what, () => {
      const book = open();
      book.takeMembership(membership('web1', ['web'], 1));
      expect(refusal(book, order('host/web1', 5))).toBe('new');
      expect(refusal(book, signed, now)).toBe(refused);
      // Nothing of it is on the disk either.
      expect(open().effective?.order.seq).toBe(5);
      expect(refusal(open(), order('host/web1', 5))).toBe('known');
    });
  }

  test('an older order, after a restart and long after the end of the newer one', () => {
    refusal(open(), order('host/web1', 5));
    expect(refusal(open(), order('host/web1', 4), NOW + 90 * DAY)).toBe('replayed');
    expect(open().effective?.order.seq).toBe(5);
  });

  test('the membership of another host, and an older one', () => {
    const book = open();
    expect(book.takeMembership(membership('web2', ['web'], 9))).toBe('other-host');
    expect(book.takeMembership(membership('web1', ['web'], 5))).toBeUndefined();
    expect(book.takeMembership(membership('web1', ['mail'], 4))).toBe('replayed');
    expect(open().targets).toEqual(['host/web1', 'group/web', 'fleet']);
  });

  test('an older order of a key that was taken away and came back', () => {
    const later = order('group/web', 9);
    open().takeMembership(membership('web1', ['web'], 1));
    refusal(open(), order('host/web1', 5));
    refusal(open(), later);
    const without = open('web1', trustedKeys([publicKeyText(MALLORY.key)]));
    expect(refusal(without, signOrder(bodyOf(order('host/web1', 3)), MALLORY))).toBe('new');
    expect(without.effective?.order.seq).toBe(3);
    const back = open();
    expect(refusal(back, order('group/web', 8))).toBe('replayed');
    expect(refusal(back, later)).toBe('known');
    expect(back.targets).toContain('group/web');
  });

  test('statements on the disk whose key is trusted no longer, and those of another host', () => {
    refusal(open(), order('host/web1', 5));
    expect(open('web1', trustedKeys([publicKeyText(MALLORY.key)])).effective).toBeUndefined();
    expect(open('web2').effective).toBeUndefined();
  });
});

describe('which order counts', () => {
  test('that of the host before its groups in their order, and those before the fleet', () => {
    const book = open();
    book.takeMembership(membership('web1', ['web', 'ams'], 1));
    const counts = (signed: Signed): string | undefined => {
      refusal(book, signed);
      return book.effective?.order.target;
    };
    expect(counts(order('fleet', 1))).toBe('fleet');
    expect(counts(order('group/ams', 2))).toBe('group/ams');
    expect(counts(order('group/web', 3))).toBe('group/web');
    expect(counts(order('host/web1', 4))).toBe('host/web1');
    expect(counts(signOrder({ ...UNASSIGN, target: 'host/web1', seq: 6 }, ALICE))).toBe('group/web');
    book.takeMembership(membership('web1', ['ams'], 2));
    expect(book.effective?.order.target).toBe('group/ams');
    // The order of a group that it left is not forgotten: an older one is none when it comes back.
    book.takeMembership(membership('web1', ['web'], 3));
    expect(refusal(open(), order('group/web', 2))).toBe('replayed');
    expect(open().effective?.order.target).toBe('group/web');
  });

  test('an order that takes the last one back leaves nothing to be in force', () => {
    const book = open();
    expect(book.effective).toBeUndefined();
    refusal(book, order('fleet', 1));
    refusal(book, signOrder({ ...UNASSIGN, target: 'fleet', seq: 2 }, ALICE));
    expect(book.effective?.order.kind).toBe('unassign');
  });

  test('bans are a lane of their own', () => {
    const book = open();
    refusal(book, order('host/web1', 9));
    const bans = { set: 'bans', entries: [{ prefix: '203.0.113.7', until: NOW + 1000 }] };
    expect(refusal(book, signOrder({ ...HEAD, kind: 'bans', target: 'host/web1', seq: 3, bans }, ALICE))).toBe('new');
    expect(open().bans.map(({ order: { seq } }) => seq)).toEqual([3]);
    expect(open().effective?.order.seq).toBe(9);
  });
});

test('what was carried out and given up is kept', () => {
  const book = open();
  const signed = order('host/web1', 5);
  refusal(book, signed);
  const policy = { sha256: 'ab'.repeat(32), name: 'edge', version: 1, hash: 'ff' };
  const carried = { digest: digestOf(signed), target: 'host/web1', seq: 5, policy };
  book.keepCarried(carried);
  book.keepFailed({ digest: 'x', code: 'XDPOL_E_WENT_BACK', message: 'it went back' });
  expect(open().carried).toEqual(carried);
  expect(open().failed?.digest).toBe('x');
});

test('the newest order that came after its end is taken when the clock has gone back, unless a newer one was', () => {
  const book = open();
  const late = NOW + DAY + 1;
  for (const seq of [6, 7, 5]) expect(refusal(book, order('host/web1', seq), late)).toBe('expired');
  expect(refusal(book, order('fleet', 6), late)).toBe('expired');
  expect(refusal(book, order('fleet', 7, { expires: NOW + 3 * DAY }), late)).toBe('new');
  expect([book.takeLate(late), book.effective?.order.seq]).toEqual([false, 7]);
  expect([book.takeLate(NOW), book.effective?.order]).toMatchObject([true, { target: 'host/web1', seq: 7 }]);
  expect([book.takeLate(NOW), open().effective?.order.seq]).toEqual([false, 7]);
});

test('what is more than a week ahead of the clock is taken when the clock is there, and then stays', () => {
  const book = open();
  const seq = NOW + 8 * DAY;
  expect(book.takeMembership(membership('web1', ['web'], seq), NOW)).toBe('ahead');
  expect(book.targets).not.toContain('group/web');
  expect(refusal(book, order('host/web1', seq, { expires: seq }))).toBe('ahead');
  expect([book.takeLate(NOW), book.takeLate(NOW + 2 * DAY), book.effective?.order.seq]).toEqual([false, true, seq]);
  expect([book.targets.includes('group/web'), open().targets.includes('group/web')]).toEqual([true, true]);
  expect(open().effective?.order.seq).toBe(seq);
});

test('an order that the disk does not take does not count', () => {
  const file = new PolicyStore(directory).fleet;
  let isFull = false;
  const book = new OrderBook(
    {
      read: () => file.read(),
      write: (record) => {
        if (isFull) throw new Error('ENOSPC');
        file.write(record);
      },
    },
    'web1',
    KEYS,
  );
  refusal(book, order('host/web1', 5));
  isFull = true;
  expect(() => refusal(book, order('host/web1', 6))).toThrow('ENOSPC');
  expect(book.effective?.order.seq).toBe(5);
  isFull = false;
  expect(refusal(book, order('host/web1', 6))).toBe('new');
  expect(open().effective?.order.seq).toBe(6);
});

function bodyOf(signed: Signed): Order {
  return JSON.parse(Buffer.from(signed.body, 'base64').toString()) as Order;
}
