/** What the verbs that need a kernel print with --json is as docs/schemas says. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NamespacePair } from '../support/namespaces.ts';
import { pcapFile } from '../support/pcap.ts';
import { problemsOf } from '../support/verb-schema.ts';

let pair: NamespacePair;

beforeAll(() => {
  pair = new NamespacePair({ ipv6: false });
  const filter = '{ source: any, destination: me, protocol: tcp, destinationPort: 80, mirrored: established }';
  const text = `name: edge\nrules:\n  - { name: web, action: block, filters: [${filter}] }\n`;
  writeFileSync(join(pair.directory, 'edge.yaml'), text);
});

afterAll(() => {
  pair[Symbol.dispose]();
});

/** Runs it, which must succeed, and gives what is wrong with its JSON. */
function problems(verb: string, ...args: readonly string[]): readonly string[] {
  const { status, stdout, stderr } = pair.run(pair.host, pair.xdpol(verb, ...args, '--json'));
  expect(status, `${verb} ${args.join(' ')}: ${stderr}`).toBe(0);
  return problemsOf(verb, stdout);
}

test('apply, status, counters, top, list, history, show, confirm, rollback, assign, restore, unassign, delete', () => {
  const { device } = pair.host;
  const edge = join(pair.directory, 'edge.yaml');
  const steps: readonly (readonly [string, ...string[]])[] = [
    ['status'],
    ['apply', edge, '-i', device, '--dry-run'],
    ['apply', edge, '-i', device],
    ['status'],
    ['counters'],
    ['counters', '--retired'],
    ['top', '--interval', '0.1'],
    ['list'],
    ['history', 'edge'],
    ['history', '--changes'],
    ['show', 'edge@1'],
    ['apply', edge, '-i', device, '--confirm', '5m'],
    ['confirm'],
    ['assign', 'edge@1', '--confirm', '5m'],
    ['rollback'],
    ['assign', 'edge'],
    ['restore'],
    ['unassign'],
    ['restore'],
    ['delete', 'edge'],
  ];
  for (const [verb, ...args] of steps) expect(problems(verb, ...args), [verb, ...args].join(' ')).toEqual([]);
});

test('replay, each packet with its text, and the summary', () => {
  const capture = join(pair.directory, 'one.pcap');
  writeFileSync(capture, pcapFile([new Uint8Array(60)]));
  const edge = join(pair.directory, 'edge.yaml');
  expect(problems('replay', edge, capture, '--me', pair.host.ipv4)).toEqual([]);
  expect(problems('replay', edge, capture, '--me', pair.host.ipv4, '--summary')).toEqual([]);
});

test('doctor', () => {
  const { stdout } = pair.run(pair.host, pair.xdpol('doctor', '--json'));
  expect(problemsOf('doctor', stdout)).toEqual([]);
});

test('bench', { timeout: 180_000 }, () => {
  expect(problems('bench', join(pair.directory, 'edge.yaml'), '--me', pair.host.ipv4)).toEqual([]);
});

test('an error of the environment', () => {
  const { status, stdout } = pair.run(pair.host, pair.xdpol('assign', 'nowhere', '--json'));
  expect(status).toBe(2);
  expect(problemsOf('error', stdout)).toEqual([]);
});
