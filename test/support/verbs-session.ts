/** A session of commands that meets every verb: what each printed and how it ended, without what differs from run to run. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { present } from '../../src/base/assert.ts';
import type { NamespacePair, Side } from './namespaces.ts';
import { tcp } from './packets.ts';
import { pcapFile } from './pcap.ts';
import { program } from './program.ts';

export interface SessionStep {
  /** Words of the command line; the first is the program. */
  readonly argv: readonly string[];
  readonly input?: string;
}

const POLICIES: Readonly<Record<string, string>> = {
  'edge.yaml': `name: edge
addressSets:
  office: [10.1.0.0/16]
  listed: { file: listed.txt }
rules:
  - { name: ssh, action: permit, filters: [{ source: $office, destination: me, protocol: tcp, destinationPort: 22, mirrored: established }] }
  - { name: listed, action: block, filters: [{ source: $listed, destination: me }] }
  - { name: rest, action: block, filters: [{ source: any, destination: me }] }
`,
  'listed.txt': '203.0.113.0/24\n198.51.100.7\n',
  'edge2.yaml': `name: edge
rules:
  - { name: ssh, action: permit, filters: [{ source: any, destination: me, protocol: tcp, destinationPort: 22, mirrored: established }] }
  - { name: rest, action: block, filters: [{ source: any, destination: me }] }
`,
  'mail.yaml': `name: mail
rules:
  - { name: smtp, action: permit, filters: ["*+192.0.2.1:25:TCP"] }
  - { name: rest, action: block, filters: ["*+192.0.2.1"] }
`,
  'wrong.yaml': `name: wrong
rulez: []
rules:
  - { name: a, action: permit, filters: [{ destination: me, protocol: tcp, destinationPort: 70000 }] }
`,
  'opposed.yaml': `name: opposed
rules:
  - { name: a, action: permit, filters: [{ destination: me, protocol: tcp, destinationPort: 22 }] }
  - { name: b, action: block, filters: [{ destination: me, protocol: tcp, destinationPort: 22 }] }
`,
  'chart.csv': `Role,Direction,From/to,Interface IP address,IP Protocol,TCP/UDP port
Web,in,all,131.107.1.1,TCP,80
`,
};

export const VERBS: readonly string[] = [
  'check',
  'explain',
  'compile',
  'fmt',
  'import',
  'bench',
  'replay',
  'apply',
  'status',
  'counters',
  'list',
  'show',
  'history',
  'diff',
  'confirm',
  'rollback',
  'top',
  'events',
  'capture',
  'report',
  'audit',
  'promote',
  'assign',
  'unassign',
  'restore',
  'install',
  'uninstall',
  'delete',
  'agent',
  'console',
  'doctor',
  'host',
  'pki',
  'set',
];

function xdpol(...words: readonly string[]): SessionStep {
  return { argv: ['xdpol', ...words] };
}

function ipsecpol(...words: readonly string[]): SessionStep {
  return { argv: ['ipsecpol', ...words] };
}

const ME = ['--me', '192.0.2.1'] as const;

/** They read a policy and change nothing. */
export const PURE_STEPS: readonly SessionStep[] = [
  xdpol('check', 'edge.yaml', ...ME),
  xdpol('check', 'edge.yaml', '--json', ...ME),
  xdpol('check', 'wrong.yaml', '--json', ...ME),
  xdpol('check', 'wrong.yaml', ...ME),
  xdpol('check', 'nowhere.yaml'),
  xdpol('explain', 'edge.yaml', 'tcp 10.1.2.3:40000 -> 192.0.2.1:22', ...ME),
  xdpol('explain', 'edge.yaml', 'tcp 10.1.2.3:40000 -> 192.0.2.1:22', '--json', ...ME),
  xdpol('explain', 'edge.yaml', 'to port 80'),
  xdpol('compile', 'edge.yaml', ...ME),
  xdpol('fmt', 'edge.yaml'),
  xdpol('fmt', '--check', 'edge.yaml'),
  xdpol('import', 'chart.csv'),
  xdpol('replay', 'edge.yaml', 'two.pcap', ...ME),
  xdpol('replay', 'edge.yaml', 'two.pcap', '--json', ...ME),
  xdpol('diff', 'edge.yaml', 'edge2.yaml', ...ME),
  xdpol('diff', 'edge.yaml'),
  xdpol('aply'),
  xdpol('audit', 'sugest'),
];

/** From nothing stored to nothing stored. */
export const CHANGING_STEPS: readonly SessionStep[] = [
  xdpol('status'),
  xdpol('counters', '--json'),
  xdpol('list'),
  xdpol('restore'),
  xdpol('unassign'),
  xdpol('assign', 'edge'),
  xdpol('apply', 'edge.yaml', '-i', 'eth0', '--dry-run'),
  xdpol('apply', 'opposed.yaml', '-i', 'eth0'),
  xdpol('apply', 'wrong.yaml', '-i', 'eth0'),
  xdpol('apply', 'edge.yaml', '-i', 'eth9'),
  xdpol('apply', 'edge.yaml', '-i', 'eth0', '--mode', 'generic'),
  xdpol('apply', 'edge.yaml', '-i', 'eth0', '--mode', 'native'),
  xdpol('apply', 'edge.yaml', '-i', 'eth0', '--json'),
  xdpol('apply', 'edge2.yaml', '-i', 'eth0'),
  { argv: ['xdpol', 'apply', '-', '-i', 'eth0'], input: present(POLICIES['mail.yaml']) },
  xdpol('status'),
  xdpol('status', '--json'),
  xdpol('counters', '--all'),
  xdpol('counters', '--json'),
  xdpol('list'),
  xdpol('list', '--json'),
  xdpol('show', 'mail'),
  xdpol('show', 'edge', '--version', '1', '--format', 'json'),
  xdpol('show', 'edge', '--format', 'ipsecpol'),
  xdpol('show', 'nobody'),
  xdpol('history', 'edge'),
  xdpol('history', 'edge', '--json'),
  xdpol('history', 'nobody'),
  xdpol('diff', 'edge@1', 'edge@2', '--json', ...ME),
  xdpol('diff', 'edge', ...ME),
  xdpol('assign', 'edge', '--version', '1'),
  xdpol('assign', 'edge', '--version', '7'),
  xdpol('assign', 'edge', '--json'),
  xdpol('restore'),
  xdpol('restore', '--json'),
  xdpol('delete', 'edge'),
  xdpol('delete', 'mail'),
  ipsecpol('-r', 'r', '-f', '*+0:80:TCP', '-n', 'BLOCK'),
];

/** Changes that go back unless they are confirmed, from an open host to an open host. */
export const CONFIRM_STEPS: readonly SessionStep[] = [
  xdpol('confirm'),
  xdpol('rollback'),
  xdpol('apply', 'edge.yaml', '-i', 'eth0', '--confirm', 'soon'),
  xdpol('apply', 'edge.yaml', '-i', 'eth0', '--confirm', '25h'),
  xdpol('apply', 'edge.yaml', '-i', 'eth0', '--confirm', '5m', '--dry-run'),
  xdpol('apply', 'edge.yaml', '-i', 'eth0', '--confirm'),
  xdpol('status'),
  xdpol('rollback'),
  xdpol('apply', 'edge.yaml', '-i', 'eth0', '--confirm', '5m', '--json'),
  xdpol('delete', 'edge'),
  xdpol('confirm'),
  xdpol('apply', 'edge2.yaml', '-i', 'eth0', '--confirm', '5m'),
  xdpol('status', '--json'),
  xdpol('list'),
  xdpol('apply', 'mail.yaml', '-i', 'eth0', '--confirm', '1h'),
  xdpol('history', 'mail'),
  xdpol('rollback', '--json'),
  xdpol('assign', 'mail', '--confirm', '5m'),
  xdpol('restore'),
  xdpol('confirm', '--json'),
  xdpol('assign', 'edge', '--version', '1', '--confirm', '5m', '--json'),
  xdpol('apply', 'mail.yaml', '-i', 'eth0'),
  xdpol('assign', 'edge', '--confirm', '5m'),
  xdpol('unassign'),
  xdpol('delete', 'edge'),
  xdpol('delete', 'mail'),
];

/** Questions about a policy that is assigned, and about the host. */
export const QUESTION_STEPS: readonly SessionStep[] = [
  xdpol('explain', 'tcp 10.1.2.3:40000 -> 192.0.2.1:22'),
  xdpol('apply', 'edge.yaml', '-i', 'eth0'),
  xdpol('explain', 'tcp 10.1.2.3:40000 -> 192.0.2.1:22'),
  xdpol('explain', 'tcp 10.1.2.3:40000 -> 192.0.2.1:22', '--json'),
  xdpol('explain', 'edge', 'tcp 203.0.113.9:40000 -> 192.0.2.1:22'),
  xdpol('check', 'edge'),
  xdpol('check', 'edge@1', '--json'),
  xdpol('diff', 'edge2.yaml'),
  xdpol('diff', 'edge@1', 'edge2.yaml', '--json'),
  xdpol('doctor'),
  xdpol('doctor', '--json', '-i', 'eth0'),
  xdpol('doctor', '-i', 'eth9'),
  xdpol('unassign', '--json'),
  xdpol('delete', 'edge'),
];

/** With an agent: its dynamic rules, and the commands of the original. */
export const AGENT_STEPS: readonly SessionStep[] = [
  ipsecpol('-r', 'scan', '-f', '*+0:80:TCP', '-n', 'BLOCK'),
  xdpol('status'),
  ipsecpol('-r', 'scan', '-f', '*+0:81:TCP', '-n', 'BLOCK'),
  ipsecpol('-r', 'nothing', '-o'),
  xdpol('apply', 'edge2.yaml', '-i', 'eth0'),
  ipsecpol('-r', 'scan', '-o'),
  ipsecpol('-w', 'REG', '-p', 'web', '-r', 'http', '-f', '*+0:80:TCP', '-n', 'PASS'),
  ipsecpol('-w', 'REG', '-p', 'web', '-x'),
  ipsecpol('-w', 'REG', '-p', 'web', '-r', 'https', '-f', '*+0:443:TCP', '-n', 'PASS'),
  ipsecpol('-w', 'REG', '-p', 'web', '-r', 'https', '-o'),
  ipsecpol('-w', 'REG', '-p', 'nobody', '-o'),
  ipsecpol('-w', 'reg', '-p', 'web', '-x'),
  ipsecpol('\\\\elsewhere', '-w', 'REG', '-p', 'web', '-x'),
  ipsecpol('-w', 'REG', '-p', 'web', '-y'),
  xdpol('unassign'),
  xdpol('assign', 'edge', '-i', 'eth0', '--json'),
  ipsecpol('-r', 'scan', '-f', '*+0:80:TCP', '-n', 'BLOCK'),
  xdpol('unassign', '--json'),
  ipsecpol('-w', 'REG', '-p', 'web', '-o'),
  xdpol('delete', 'edge', '--json'),
  xdpol('delete', 'edge'),
];

/** What a run has of its own: times, hashes, ids of processes, programs and devices, and how long it took. */
const VARYING: readonly (readonly [RegExp, string])[] = [
  [/"milliseconds":[\d.]+/gu, '"milliseconds":N'],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/gu, 'TIME'],
  [/\b[0-9a-f]{64}\b/gu, 'HASH'],
  [/\b[0-9a-f]{12}\b/gu, 'SHORTHASH'],
  [/\b\d+ [0-9a-f]{16}(?=\n|$)/gu, 'PROGRAM'],
  [/"program":\{"id":\d+,"tag":"[0-9a-f]{16}"\}/gu, '"program":PROGRAM'],
  [/until \d\d:\d\d:\d\d \([^)]+\)/gu, 'until TIME (LEFT)'],
  [/"secondsLeft":[\d.]+/gu, '"secondsLeft":N'],
  [/\(\d+ ms\)/gu, '(N ms)'],
  [/\d+\.\d ms/gu, 'N ms'],
  [/"ifindex":\d+/gu, '"ifindex":N'],
  [/"agent":\d+/gu, '"agent":PID'],
  [/process \d+/gu, 'process PID'],
];

function withoutVarying(text: string, directory: string): string {
  const named = text.replaceAll(`${directory}/`, '').replaceAll(directory, 'DIR');
  return VARYING.reduce((before, [pattern, word]) => before.replaceAll(pattern, word), named);
}

function indented(text: string, mark: string): string {
  if (text === '') return '';
  const lines = text.replace(/\n$/u, '').split('\n');
  return lines.map((line) => `${mark}${line === '' ? '' : ` ${line}`}\n`).join('');
}

/** The files that the steps name, in the pair's folder. */
export function writeSessionFiles(pair: NamespacePair): void {
  for (const [name, text] of Object.entries(POLICIES)) writeFileSync(join(pair.directory, name), text);
  const frames = [22, 80].map((dport) => tcp('10.1.2.3', '192.0.2.1', { dport }).frame);
  writeFileSync(join(pair.directory, 'two.pcap'), pcapFile(frames, { linkType: 1 }));
}

/** Where a session is run in another way than on the host itself. */
export interface Elsewhere {
  readonly side: Side;
  /** In front of the program. */
  readonly before: readonly string[];
  /** Of another host that is worked on. */
  readonly host?: string;
}

/**
 * The transcript of steps, run one after another in the pair's folder; where `elsewhere` is given, each with the name of
 * the host that it works on, which the transcript leaves out.
 */
export function runSession(pair: NamespacePair, steps: readonly SessionStep[], elsewhere?: Elsewhere): string {
  const { side = pair.host, before = [], host } = elsewhere ?? {};
  return steps
    .map(({ argv: [name = '', ...words], input }) => {
      const isOriginal = name === 'ipsecpol';
      const named = host === undefined ? [] : isOriginal ? [`\\\\${host}`] : ['--host', host];
      const argv = [...before, ...program(isOriginal ? name : 'main', ...named, ...words)];
      const { status, stdout, stderr } = pair.run(side, argv, input, pair.directory);
      const texts = [indented(stdout, ' '), indented(stderr, '!')];
      const [out = '', err = ''] = texts.map((text) => withoutVarying(text, pair.directory));
      const quoted = words.map((word) => (/^[\w@.:/-]+$/u.test(word) ? word : `'${word}'`));
      return `$ ${[name, ...quoted].join(' ')}\n${out}${err}exit ${String(status)}\n`;
    })
    .join('\n');
}

/** Starts an agent as a child of the pair, behind the words `before`; resolves when it listens. */
export async function startSessionAgent(pair: NamespacePair, before: readonly string[] = []): Promise<void> {
  const argv = [...before, ...program('main', 'agent', '--listen', '127.0.0.1:0')];
  const child = pair.spawn(pair.host, argv, { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  present(child.stderr)
    .setEncoding('utf8')
    .on('data', (text: string) => {
      log += text;
    });
  const ended = once(child, 'exit').then(() => Promise.reject(new Error(`the agent ended: ${log}`)));
  ended.catch(() => undefined);
  while (!log.includes('listening on')) await Promise.race([once(present(child.stderr), 'data'), ended]);
}
