/** What the verbs that need a kernel print with --json is as docs/schemas says. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { VERB_SCHEMAS } from '../../src/cli/verb-schemas.ts';
import { AgentProcess } from '../support/agent-process.ts';
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

/** Verbs whose JSON a test looked at. */
const covered = new Set<string>();

/** Runs it, which must succeed, and gives what is wrong with its JSON. */
function problems(verb: string, ...args: readonly string[]): readonly string[] {
  covered.add(verb);
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
  covered.add('doctor');
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

test('check, explain, compile, diff, fmt, import, host, pki, install, uninstall', () => {
  const edge = join(pair.directory, 'edge.yaml');
  const chart = new URL('../../examples/chart.csv', import.meta.url).pathname;
  const root = join(pair.directory, 'root');
  const authority = join(pair.directory, 'authority');
  mkdirSync(root);
  pair.exec(pair.host, pair.xdpol('pki', 'init', '--name', 'test', '--dir', authority));
  const steps: readonly (readonly [string, ...string[]])[] = [
    ['check', edge],
    ['explain', edge, `tcp 203.0.113.9:40000 -> ${pair.host.ipv4}:80`],
    ['compile', edge],
    ['diff', edge, edge],
    ['fmt', edge],
    ['import', chart],
    ['host', 'list'],
    ['pki', 'list', '--dir', authority],
    ['install', '--root', root],
    ['uninstall', '--root', root],
  ];
  for (const [verb, ...args] of steps) expect(problems(verb, ...args), [verb, ...args].join(' ')).toEqual([]);
});

test('with an agent: console, and ipsecpol of stored and of dynamic rules', async () => {
  await AgentProcess.start(pair);
  const rule = ['-r', 'r', '-f', '*=0:81:TCP', '-n', 'BLOCK'];
  writeFileSync(pair.config, `interfaces: [${pair.host.device}]\n`);
  const steps: readonly (readonly [string, ...string[]])[] = [
    ['console', '--no-open'],
    ['ipsecpol', '-w', 'REG', '-p', 'kit', ...rule, '-x'],
    ['ipsecpol', '-w', 'REG', '-p', 'none', ...rule],
    ['ipsecpol', '-w', 'REG', '-p', 'none', '-y'],
    ['ipsecpol', ...rule],
    ['ipsecpol', 'show'],
    ['ipsecpol', '-u'],
    ['ipsecpol', '-w', 'REG', '-p', 'kit', '-y'],
    ['ipsecpol', '-w', 'REG', '-p', 'kit', '-o'],
  ];
  for (const [verb, ...args] of steps) expect(problems(verb, ...args), [verb, ...args].join(' ')).toEqual([]);
});

/** Verbs whose JSON another file of this folder looks at. */
function lookedAtElsewhere(): readonly string[] {
  const files = readdirSync(import.meta.dirname).map((name) => readFileSync(join(import.meta.dirname, name), 'utf8'));
  return files.flatMap((text) =>
    [...text.matchAll(/problemsOf\('(?<verb>[a-z]+)'/gu)].map(({ groups }) => groups?.['verb'] ?? ''),
  );
}

test('every verb that reports was looked at', () => {
  for (const verb of lookedAtElsewhere()) if (verb in VERB_SCHEMAS) covered.add(verb);
  expect([...covered].sort()).toEqual(Object.keys(VERB_SCHEMAS).sort());
});
