/** A host as a list of roles: a change of role is one line and one apply, and the store needs no files. */
import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Outcome } from '../support/namespaces.ts';
import { NamespacePair } from '../support/namespaces.ts';
import { connectFrom, listenOn } from '../support/probe.ts';

const ROLES = fileURLToPath(new URL('../../examples/roles', import.meta.url));
const PORTS = [80, 25, 22] as const;

let pair: NamespacePair;

beforeAll(async () => {
  pair = new NamespacePair({ ipv6: false });
  cpSync(ROLES, join(pair.directory, 'roles'), { recursive: true });
  await listenOn(pair, pair.host, ...PORTS);
});

afterAll(() => {
  pair[Symbol.dispose]();
});

function xdpol(...args: readonly string[]): Outcome {
  return pair.run(pair.host, pair.xdpol(...args));
}

/** Writes the host's policy with these roles, and applies it. */
function apply(...roles: readonly string[]): Outcome {
  const file = join(pair.directory, 'host.yaml');
  const includes = roles.map((role) => `  - { role: roles/${role}.yaml, with: { address: ${pair.host.ipv4} } }\n`);
  const rest = 'rules: [{ name: rest, action: block, filters: [{ source: any, destination: me, mirrored: true }] }]\n';
  writeFileSync(file, `name: host\ninclude:\n${includes.join('')}${rest}`);
  return xdpol('apply', file, '-i', pair.host.device);
}

function open(): readonly number[] {
  return PORTS.filter((port) => connectFrom(pair, pair.peer, pair.host.ipv4, port) === 'connected');
}

test('a web server becomes a mail server', () => {
  expect(apply('web').status).toBe(0);
  expect(open()).toEqual([80]);
  expect(apply('mail').status).toBe(0);
  expect(open()).toEqual([25]);
});

test('a mistake in a role is told with its file and line, and the policy in force stays', () => {
  writeFileSync(
    join(pair.directory, 'roles', 'bad.yaml'),
    'role: bad\nrules:\n  - { filterList: none, action: permit }\n',
  );
  const { status, stderr } = apply('mail', 'bad');
  expect(status).toBe(3);
  expect(stderr).toContain('the role has no parameter "address"');
  writeFileSync(
    join(pair.directory, 'roles', 'bad.yaml'),
    'role: bad\nparameters: { address: {} }\nrules:\n  - { filterList: none, action: permit }\n',
  );
  expect(apply('mail', 'bad').stderr).toContain(`${join(pair.directory, 'roles/bad.yaml')}:4:19: error[XP0302]`);
  expect(open()).toEqual([25]);
});

test('the store has the roles: neither apply by name nor ipsecpol needs the files', () => {
  rmSync(join(pair.directory, 'roles'), { recursive: true });
  expect(xdpol('unassign').status).toBe(0);
  expect(open()).toEqual([...PORTS]);
  expect(xdpol('apply', 'host', '-i', pair.host.device).status).toBe(0);
  expect(open()).toEqual([25]);
  const add = xdpol('ipsecpol', '-w', 'REG', '-p', 'host', '-r', 'admin', '-f', '*+0:22:TCP', '-n', 'PASS');
  expect(add.status).toBe(0);
  expect(open()).toEqual([25, 22]);
  expect(xdpol('show', 'host').stdout).toContain('role: roles/mail.yaml');
});
