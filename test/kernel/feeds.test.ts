/**
 * Feeds of live sets: what sources have becomes members, and whatever is wrong with a source the last good ones stay.
 * Nothing is attached: members are read from the store.
 */
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CrowdsecReader } from '../../src/agent/feeds/crowdsec-reader.ts';
import { FeedFollower } from '../../src/agent/feeds/feed-follower.ts';
import type { FeedReader } from '../../src/agent/feeds/feed-source.ts';
import { FileReader } from '../../src/agent/feeds/file-reader.ts';
import { UrlReader } from '../../src/agent/feeds/url-reader.ts';
import type { HostContext } from '../../src/host/context.ts';
import { openContext } from '../../src/host/context.ts';
import { changeSet } from '../../src/host/live-sets/change-set.ts';
import type { ListedFeed } from '../../src/host/live-sets/feeds-in-use.ts';
import { readSet } from '../../src/host/live-sets/read-sets.ts';
import type { Feed } from '../../src/policy/feed.ts';
import type { DeclaredSet } from '../../src/store/store.ts';

const STOP = new AbortController().signal;
const LOG_LINES: string[] = [];
const LOG = {
  info: (line: string): void => void LOG_LINES.push(line),
  warning: (line: string): void => void LOG_LINES.push(`warning: ${line}`),
  error: (line: string): void => void LOG_LINES.push(`error: ${line}`),
};

let directory: string;
let context: HostContext;
/** Milliseconds; the tests move it on. */
let now: number;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'xdpol-feeds-'));
  context = openContext(() => undefined, directory);
  now = 0;
  LOG_LINES.length = 0;
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

function declare(source: Feed['source'], more: Partial<Feed> = {}): DeclaredSet {
  const feed: Feed = { source, list: {}, exclude: [], split: false, ...more };
  const levels = { levels4: [32, 24], levels6: [128, 64] };
  const declared = { name: 'drop', number: 0, capacity: 1000, ...levels, blocks: true, feed };
  context.store.liveSets.declare([declared]);
  return declared;
}

function follow(declared: DeclaredSet, reader: FeedReader): FeedFollower {
  return new FeedFollower(context, declared, reader, LOG, { now: () => now, draw: () => 0.5 });
}

async function members(): Promise<readonly string[]> {
  const contents = await readSet(context, { set: 'drop' });
  return contents.members.map(({ prefix }) => prefix).sort();
}

async function feedNow(): Promise<ListedFeed | null> {
  return (await readSet(context, { set: 'drop' })).feed;
}

/** Looks as often as looks are due within the next seconds. */
async function pass(follower: FeedFollower, seconds: number): Promise<void> {
  for (const end = now + 1000 * seconds; now < end; now += 500) if (follower.isDue) await follower.step(STOP);
}

describe('a file', () => {
  let path: string;
  let follower: FeedFollower;

  beforeEach(() => {
    path = join(directory, 'drop.txt');
    writeFileSync(path, '198.51.100.1\n198.51.100.2\n');
    const source = { kind: 'file', path } as const;
    follower = follow(declare(source), new FileReader(source, undefined, () => now));
  });

  afterEach(() => {
    follower[Symbol.dispose]();
  });

  function replace(text: string): void {
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  }

  test('is read when it is there and when another takes its place', async () => {
    await pass(follower, 3);
    expect(await members()).toEqual(['198.51.100.1', '198.51.100.2']);
    replace('198.51.100.2\n2001:db8::7\n');
    await pass(follower, 3);
    expect(await members()).toEqual(['198.51.100.2', '2001:db8::7']);
    expect(await feedNow()).toEqual({
      source: path,
      ageSeconds: expect.any(Number) as number,
      error: null,
      failures: 0,
    });
    expect(LOG_LINES.at(-1)).toBe(`drop: 1 added, 1 removed; 2 members, from ${path}`);
  });

  const broken: readonly (readonly [what: string, breakIt: () => void, error: string])[] = [
    ['empty', () => replace(''), 'it has no addresses'],
    ['nothing but comments', () => replace('# none\n'), 'it has no addresses'],
    ['gone', () => rmSync(path), 'it cannot be read: ENOENT'],
    ['a page', () => replace('<!DOCTYPE html><html></html>\n'), 'an HTML page'],
    ['of lines that are no addresses', () => replace('198.51.100.1\nnobody\n'), 'line 2: expected an address'],
  ];
  test.each(broken)(
    'one that is %s leaves the members, and is taken when it is good again',
    async (_, breakIt, error) => {
      await pass(follower, 3);
      breakIt();
      await pass(follower, 20);
      expect(await members()).toEqual(['198.51.100.1', '198.51.100.2']);
      expect((await feedNow())?.error).toContain(error);
      const failures = (await feedNow())?.failures ?? 0;
      expect(failures).toBeGreaterThan(0);
      expect(LOG_LINES.filter((line) => line.startsWith('warning: drop: '))).toHaveLength(1);
      replace('198.51.100.3\n');
      follower.hurry();
      await pass(follower, 3);
      expect(await members()).toEqual(['198.51.100.3']);
      expect(await feedNow()).toMatchObject({ error: null, failures });
    },
  );

  test('one that is still written is read when it is whole', async () => {
    await pass(follower, 3);
    writeFileSync(path, '198.51.100.3\n198.51.1');
    await pass(follower, 5);
    expect(await members()).toEqual(['198.51.100.1', '198.51.100.2']);
    writeFileSync(path, '198.51.100.3\n198.51.100.44\n');
    await pass(follower, 3);
    expect(await members()).toEqual(['198.51.100.3', '198.51.100.44']);
    // Without an end of its last line, and nobody writes any more.
    writeFileSync(path, '198.51.100.5');
    await pass(follower, 15);
    expect(await members()).toEqual(['198.51.100.5']);
  });

  test('one that has lost most of its lines is taken only if it stays so', async () => {
    const lines = Array.from({ length: 200 }, (_, i) => `198.51.100.${i}\n`);
    replace(lines.join(''));
    await pass(follower, 3);
    replace(lines.slice(0, 50).join(''));
    await pass(follower, 30);
    expect(await members()).toHaveLength(200);
    expect((await feedNow())?.error).toContain('it has 50 entries, and the set 200 members');
    await pass(follower, 200);
    expect(await members()).toHaveLength(50);
    expect((await feedNow())?.error).toBeNull();
  });
});

test('a feed never brings what is left out, what the host needs, or lengths that members do not have', async () => {
  const path = join(directory, 'drop.txt');
  writeFileSync(path, '10.1.0.0/24\n127.0.0.1\n198.51.100.0/22\n198.51.100.1\n203.0.113.0/25\n');
  const source = { kind: 'file', path } as const;
  const exclude = ['10.0.0.0/8', 'local'];
  using follower = follow(declare(source, { exclude }), new FileReader(source, undefined, () => now));
  await pass(follower, 3);
  expect(await members()).toEqual(['198.51.100.1']);
  const { refused } = (await readSet(context, { set: 'drop' })).counts;
  expect(refused).toEqual({ excluded: 2, length: 2 });
  expect(LOG_LINES.at(-1)).toContain('10.1.0.0/24');
  expect(LOG_LINES.at(-1)).toContain('the set leaves out 10.0.0.0/8, and 3 more');

  using split = follow(declare(source, { exclude, split: true }), new FileReader(source, undefined, () => now));
  await pass(split, 3);
  expect(await members()).toHaveLength(1 + 4 + 128);
});

test('commands add nothing to a set with a feed, and take out what they are told to', async () => {
  declare({ kind: 'url', url: 'https://lists.example/drop.txt', seconds: 3600 });
  const list = { name: 'list', text: '198.51.100.1\n' };
  await expect(changeSet(context, { set: 'drop', change: 'add', list })).rejects.toThrow(
    'the members of drop come from https://lists.example/drop.txt',
  );
  expect(await changeSet(context, { set: 'drop', change: 'remove', list })).toMatchObject({ removed: 0 });
});

describe('a server', () => {
  let server: Server;
  let url: string;
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  let asked: IncomingMessage[];

  beforeEach(async () => {
    asked = [];
    server = createServer((request, response) => {
      asked.push(request);
      answer(request, response);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });

  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  function answerWith(status: number, body: string | Uint8Array, headers: Record<string, string> = {}): void {
    answer = (_, response) => response.writeHead(status, headers).end(body);
  }

  test('is asked for what is newer than the last list', async () => {
    const source = { kind: 'url', url, seconds: 3600 } as const;
    const declared = declare(source);
    using follower = follow(declared, new UrlReader(source));
    answerWith(200, gzipSync('198.51.100.1\n'), { etag: '"a"', 'last-modified': 'Thu, 26 Nov 2026 10:00:00 GMT' });
    await follower.step(STOP);
    expect(await members()).toEqual(['198.51.100.1']);
    answerWith(304, '');
    await follower.step(STOP);
    expect(asked[1]?.headers['if-none-match']).toBe('"a"');
    expect(asked[1]?.headers['if-modified-since']).toBe('Thu, 26 Nov 2026 10:00:00 GMT');
    expect(await feedNow()).toMatchObject({ error: null, failures: 0 });
    // It is asked again after about an hour, and what it was told outlasts a restart.
    now += 3_000_000;
    expect(follower.isDue).toBe(false);
    now += 1_000_000;
    expect(follower.isDue).toBe(true);
    using again = follow(declared, new UrlReader(source));
    await again.step(STOP);
    expect(asked[2]?.headers['if-none-match']).toBe('"a"');
  });

  const wrong: readonly (readonly [
    what: string,
    status: number,
    body: string,
    headers: Record<string, string>,
    error: string,
  ])[] = [
    ['an error', 503, 'down', {}, 'the server answered 503 Service Unavailable'],
    ['an empty list', 200, '', {}, 'it has no addresses'],
    ['a page', 200, '<html><body>Please log in</body></html>', {}, 'an HTML page'],
    [
      'less than it announced',
      200,
      '198.51.100.2\n',
      { 'content-length': '5000' },
      'the connection ended before the list did',
    ],
    ['a damaged archive', 200, '\u001f\u008bzip', {}, 'it is gzip, and damaged or cut'],
  ];
  test('that answers wrongly, or not at all, leaves the members', async () => {
    const source = { kind: 'url', url, seconds: 3600 } as const;
    using follower = follow(declare(source), new UrlReader(source));
    answerWith(200, '198.51.100.1\n');
    await follower.step(STOP);
    for (const [what, status, body, headers, error] of wrong) {
      answer = (_, response) => {
        response.writeHead(status, headers).write(Buffer.from(body, 'latin1'), () => {
          if (headers['content-length'] === undefined) response.end();
          else response.destroy();
        });
      };
      await follower.step(STOP);
      expect({ what, error: (await feedNow())?.error }).toEqual({
        what,
        error: expect.stringContaining(error) as string,
      });
      expect(await members(), what).toEqual(['198.51.100.1']);
    }
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
    await follower.step(STOP);
    expect(await feedNow()).toMatchObject({
      error: expect.stringContaining('the server cannot be reached: ') as string,
      failures: wrong.length + 1,
    });
    expect(await members()).toEqual(['198.51.100.1']);
  });

  describe('of CrowdSec', () => {
    test('that leads on to another one is not told the key there', async () => {
      const keyFile = join(directory, 'redirected.key');
      writeFileSync(keyFile, 'secret\n');
      const source = { kind: 'crowdsec', url, keyFile, seconds: 10 } as const;
      using follower = follow(declare(source), new CrowdsecReader(source));
      answerWith(302, '', { location: url.replace('127.0.0.1', 'localhost') });
      await follower.step(STOP);
      expect(asked).toHaveLength(1);
      expect((await feedNow())?.error).toContain('the server leads on to another address');
    });

    const decision = { origin: 'crowdsec', type: 'ban', scope: 'Ip', scenario: 'crowdsecurity/ssh-bf' };
    const key = 'secret-key';

    test('gives all bans first, then what is new and deleted, and all again after a failure', async () => {
      const keyFile = join(directory, 'crowdsec.key');
      writeFileSync(keyFile, `${key}\n`);
      const source = { kind: 'crowdsec', url, keyFile, seconds: 10 } as const;
      using follower = follow(declare(source), new CrowdsecReader(source));
      const recorded: Record<string, unknown>[] = [
        {
          new: [
            { ...decision, value: '198.51.100.1', duration: '3h59m54.212s' },
            { ...decision, scope: 'Range', value: '203.0.113.0/24', duration: '24h0m0s' },
            { ...decision, scope: 'Country', value: 'XX', duration: '4h' },
            { ...decision, type: 'captcha', value: '198.51.100.9', duration: '4h' },
            { ...decision, value: '198.51.100.8', duration: '-4s' },
          ],
          deleted: null,
        },
        {
          new: [{ ...decision, value: '2001:db8::1', duration: '1m' }],
          deleted: [{ ...decision, value: '198.51.100.1', duration: '-1s' }],
        },
      ];
      answer = (request, response) => {
        expect(request.headers['x-api-key']).toBe(key);
        response.end(JSON.stringify(recorded.shift() ?? { new: null, deleted: null }));
      };
      await follower.step(STOP);
      const contents = (await readSet(context, { set: 'drop' })).members;
      expect(contents.map(({ prefix, note }) => [prefix, note])).toEqual([
        ['198.51.100.1', 'crowdsecurity/ssh-bf'],
        ['203.0.113.0/24', 'crowdsecurity/ssh-bf'],
      ]);
      const left = (Date.parse(contents[0]?.ends ?? '') - Date.now()) / 3_600_000;
      expect(left).toBeGreaterThan(3.9);
      expect(left).toBeLessThan(4);
      await follower.step(STOP);
      expect(await members()).toEqual(['2001:db8::1', '203.0.113.0/24']);
      answerWith(403, 'access forbidden');
      await follower.step(STOP);
      expect((await feedNow())?.error).toBe('the server answered 403 Forbidden');
      answerWith(200, JSON.stringify({ new: null, deleted: null }));
      await follower.step(STOP);
      await follower.step(STOP);
      expect(await members()).toEqual(['2001:db8::1', '203.0.113.0/24']);
      const startups = asked.map(({ url: path }) => path?.replace('/v1/decisions/stream?startup=', ''));
      expect(startups).toEqual(['true', 'false', 'false', 'true', 'false']);
    });
  });
});

test('a prefix is a member with its own length, or refused', async () => {
  declare({ kind: 'file', path: '/none' });
  const [declared] = context.store.liveSets.declared();
  context.store.liveSets.declare(declared === undefined ? [] : [{ ...declared, feed: undefined, blocks: false }]);
  for (let length = 1; length <= 32; length++) {
    const prefix = `128.0.0.0/${length}`;
    const outcome = await changeSet(context, {
      set: 'drop',
      change: 'load',
      list: { name: 'list', text: `${prefix}\n` },
    });
    const isLevel = length === 24 || length === 32;
    expect(await members(), prefix).toEqual(isLevel ? [length === 32 ? '128.0.0.0' : prefix] : []);
    expect(
      outcome.refused.map(({ reason }) => reason),
      prefix,
    ).toEqual(isLevel ? [] : ['length']);
  }
});
