/** The article on locking down a server, top to bottom, its commands as printed and typed into a shell. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PolicyStore } from '../../src/store/store.ts';
import { printedCommand } from '../support/ipsecpol-lines.ts';
import type { Outcome } from '../support/namespaces.ts';
import { NamespacePair } from '../support/namespaces.ts';
import { connectFrom, listenOn } from '../support/probe.ts';
import { program } from '../support/program.ts';

const SERVER = '131.107.1.1';
const CLIENT = '131.107.1.2';
const OPEN = { 80: 'connected', 443: 'connected', 25: 'connected', 110: 'connected' } as const;
const CLOSED = { 22: 'silence', 8080: 'silence' } as const;

let pair: NamespacePair;

beforeAll(async () => {
  pair = new NamespacePair({ ipv6: false });
  writeFileSync(pair.config, 'interfaces: [eth0]\n');
  for (const [side, address] of [
    [pair.host, SERVER],
    [pair.peer, CLIENT],
  ] as const) {
    pair.exec(side, ['ip', 'address', 'add', `${address}/24`, 'dev', side.device]);
  }
  const bin = join(pair.directory, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'ipsecpol'), `#!/bin/sh\nexec ${program('ipsecpol').join(' ')} "$@"\n`);
  chmodSync(join(bin, 'ipsecpol'), 0o755);
  await listenOn(pair, pair.host, 80, 443, 25, 110, 22, 8080, 8081);
  await listenOn(pair, pair.peer, 25, 80);
});

afterAll(() => {
  pair[Symbol.dispose]();
});

/** As typed at a prompt. */
function type(line: string, input = ''): Outcome {
  return pair.run(pair.host, ['sh', '-c', `PATH="${join(pair.directory, 'bin')}:$PATH"; ${line}`], input);
}

/** A command that must succeed; what it printed. */
function enter(line: string): string {
  const { status, stdout, stderr } = type(line);
  expect({ status, stderr }, line).toEqual({ status: 0, stderr: '' });
  return stdout;
}

function toServer(...ports: readonly number[]): Readonly<Record<number, string>> {
  return Object.fromEntries(ports.map((port) => [port, connectFrom(pair, pair.peer, SERVER, port)]));
}

function fromServer(port: number): string {
  return connectFrom(pair, pair.host, CLIENT, port);
}

function stored(): PolicyStore {
  return new PolicyStore(join(pair.directory, 'state'));
}

interface Status {
  readonly policy: string | null;
  readonly generation: number | null;
  readonly interfaces: readonly { readonly name: string }[];
}

function status(): Status {
  return JSON.parse(pair.exec(pair.host, pair.xdpol('status', '--json'))) as Status;
}

test('before: every port answers', () => {
  expect(toServer(80, 22, 8080)).toEqual({ 80: 'connected', 22: 'connected', 8080: 'connected' });
});

test('three commands write the policy, and filter nothing yet', () => {
  for (const name of ['web', 'mail', 'block']) expect(enter(printedCommand(name))).toContain('stored, not in force');
  expect(status()).toMatchObject({ policy: null, interfaces: [] });
  expect(toServer(22)).toEqual({ 22: 'connected' });
});

test('-x assigns it: web and mail answer, all else is silence', () => {
  expect(enter(printedCommand('assign'))).toBe(`Packet Filter: in force, generation 1, on ${pair.host.device}\n`);
  expect(status()).toMatchObject({ policy: 'Packet Filter', interfaces: [{ name: pair.host.device }] });
  expect(toServer(80, 443, 25, 110, 22, 8080)).toEqual({ ...OPEN, ...CLOSED });
  expect(fromServer(25)).toBe('connected');
  expect(fromServer(80)).toBe('silence');
});

test('a machine that is not known is refused, by name', () => {
  const { status: code, stderr } = type(printedCommand('assign-remote'));
  expect(code).toBe(1);
  expect(stderr).toContain('machinename is no known host');
});

test('a rule added to the assigned policy is in force when the command returns', () => {
  enter(`ipsecpol -w REG -p "Packet Filter" -r admin -f *+${SERVER}:22:TCP -n PASS`);
  expect(toServer(22)).toEqual({ 22: 'connected' });
});

test('one way lets the request in and no answer out; mirrored lets both', () => {
  enter(`ipsecpol -w REG -p "Packet Filter" -r proxy -f *=${SERVER}:8080:TCP -n PASS`);
  expect(toServer(8080)).toEqual({ 8080: 'silence' });
  expect(enter(`ipsecpol -w REG -p "Packet Filter" -r proxy -f *+${SERVER}:8080:TCP -n PASS`)).toContain('replaced');
  expect(toServer(8080)).toEqual({ 8080: 'connected' });
});

test('(spec) passes and [spec] blocks, and -o with -r takes both back', () => {
  enter(`ipsecpol -w REG -p "Packet Filter" -r mixed -f "(*+${SERVER}:8081:TCP)" "[${CLIENT}+${SERVER}:80:TCP]"`);
  expect(toServer(8081, 80, 443)).toEqual({ 8081: 'connected', 80: 'silence', 443: 'connected' });
  enter('ipsecpol -w REG -p "Packet Filter" -r mixed -o');
  expect(toServer(8081, 80)).toEqual({ 8081: 'silence', 80: 'connected' });
});

test('a subnet as 131.*.*.*: less specific than one host, so only what no host decides', () => {
  enter(`ipsecpol -w REG -p "Packet Filter" -r near -f "131.*.*.*+${SERVER}:8081:TCP" -n PASS`);
  expect(toServer(8081)).toEqual({ 8081: 'connected' });
  enter(`ipsecpol -w REG -p "Packet Filter" -r near -f "10.*.*.*+${SERVER}:8081:TCP" -n PASS`);
  expect(toServer(8081)).toEqual({ 8081: 'silence' });
  enter('ipsecpol -w REG -p "Packet Filter" -r near -o');
});

test('a change that cannot be put in force is taken back', () => {
  const [before, text] = [status(), stored().read('Packet Filter')?.text];
  const { status: code, stderr } = type('ipsecpol -w REG -p "Packet Filter" -r named -f *+no.invalid:80:TCP -n BLOCK');
  expect(code).toBe(3);
  expect(stderr).toContain('XP0220');
  expect(stderr).toContain('taken back');
  expect(status()).toEqual(before);
  expect(stored().read('Packet Filter')?.text).toBe(text);
  expect(toServer(80)).toEqual({ 80: 'connected' });
});

test('-confirm asks first', () => {
  const line = 'ipsecpol -w REG -p "Packet Filter" -y -confirm';
  expect(type(line, 'n\n').status).toBe(1);
  expect(status().policy).toBe('Packet Filter');
  expect(type(line, 'y\n').status).toBe(0);
  expect(status().policy).toBeNull();
});

test('-y has unassigned it: every port answers; -x assigns it again', () => {
  expect(toServer(80, 8081)).toEqual({ 80: 'connected', 8081: 'connected' });
  enter(printedCommand('assign'));
  expect(toServer(80, 8081)).toEqual({ 80: 'connected', 8081: 'silence' });
});

test('interface groups: an error says how to set one; a rule for another interface does not decide here', () => {
  const line = `ipsecpol -w REG -p "Packet Filter" -r inside -f *+${SERVER}:8081:TCP -n PASS -lan`;
  expect(type(line).stderr).toContain('interfaceGroups: { lan: [eth0] }');
  const groups = (lan: readonly string[]): void =>
    writeFileSync(join(pair.directory, 'state', 'config.json'), JSON.stringify({ interfaceGroups: { lan } }));
  groups(['eth7']);
  enter(line);
  expect(toServer(8081)).toEqual({ 8081: 'silence' });
  groups([pair.host.device]);
  enter(line);
  expect(toServer(8081)).toEqual({ 8081: 'connected' });
});

test('a change of role: another policy takes the place of the assigned one', () => {
  enter(`ipsecpol -w REG -p policyname -r "All but ssh" -f "[*+${SERVER}]" "(*+${SERVER}:22:TCP)" -x`);
  expect(status().policy).toBe('policyname');
  expect(toServer(22, 80)).toEqual({ 22: 'connected', 80: 'silence' });
});

test('this host by its name is this host, also with the space that is printed; another host is not', () => {
  const rule = '-w REG -p policyname -r near -f *+0:8081:TCP -n BLOCK';
  for (const machine of [`\\\\\\\\${hostname()}`, `\\\\\\\\ ${hostname().toUpperCase()}`])
    enter(`ipsecpol ${machine} ${rule}`);
  expect(type(`ipsecpol \\\\\\\\elsewhere ${rule}`)).toMatchObject({ status: 1 });
  const { stdout: shown } = type('ipsecpol show policies');
  expect(shown).toContain('-r near -f "*+0:8081:TCP" -n BLOCK');
  expect(shown).toContain('# assigned: "policyname"');
});

test('-o deletes it, and nothing is left', () => {
  expect(enter(printedCommand('delete'))).toContain('deleted with its filter lists');
  expect(status()).toMatchObject({ policy: null, interfaces: [] });
  expect(toServer(80, 22)).toEqual({ 80: 'connected', 22: 'connected' });
  enter(printedCommand('delete').replace('policyname', 'Packet Filter'));
  expect(stored().list()).toEqual([]);
  expect(readdirSync(join(pair.directory, 'bpffs', 'xdpol'))).toEqual([]);
  const { namespace, device } = pair.host;
  const link = execFileSync('ip', ['-n', namespace, '-d', 'link', 'show', device], { encoding: 'utf8' });
  expect(link).not.toContain('prog/xdp');
  const attached = pair.exec(pair.host, ['bpftool', 'net', 'show', 'dev', device]);
  expect(attached).not.toMatch(/xdpol_/u);
  const left = readdirSync(join(pair.directory, 'state'), { recursive: true, encoding: 'utf8' });
  expect(left.sort()).toEqual([
    'cache',
    'changes.jsonl',
    'config.json',
    'format',
    'known-host.json',
    'policies',
    'tallies.json',
  ]);
});
