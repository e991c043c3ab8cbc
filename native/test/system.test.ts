import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createMap,
  interfaceIndex,
  interfaces,
  isBpffs,
  libbpfVersion,
  mountBpffs,
  networkNamespaceCookie,
  openPinnedMap,
  peerCredentials,
  possibleCpus,
  unlinkPin,
} from 'libbpf-ts-bindings';
import { describe, expect, test } from 'vitest';
import { bpfError, expectCode, expectNoLeaks, networkNamespace, pinDirectory, vethPair } from './support.ts';

expectNoLeaks();

test('possibleCpus and libbpfVersion', () => {
  expect(possibleCpus()).toBeGreaterThanOrEqual(1);
  expect(libbpfVersion()).toMatch(/^\d+\.\d+$/u);
});

describe('interfaces', () => {
  test('of a veth pair', () => {
    using pair = vethPair();
    execFileSync('ip', ['link', 'set', pair.name, 'mtu', '1400', 'address', '02:00:00:00:00:01']);
    execFileSync('ip', ['address', 'add', '192.0.2.5/28', 'dev', pair.name]);
    execFileSync('ip', ['address', 'add', '2001:db8::5/64', 'dev', pair.name, 'nodad']);
    expect(interfaces().find(({ index }) => index === pair.index)).toEqual({
      name: pair.name,
      index: pair.index,
      mtu: 1400,
      up: true,
      running: true,
      mac: '02:00:00:00:00:01',
      driver: 'veth',
      kind: 'veth',
      peer: pair.peerIndex,
      peerElsewhere: false,
      gsoMaxSize: 65536,
      groMaxSize: 65536,
      gsoIpv4MaxSize: 65536,
      groIpv4MaxSize: 65536,
      addresses: [
        { family: 4, address: '192.0.2.5', prefixLength: 28 },
        { family: 6, address: '2001:db8::5', prefixLength: 64 },
      ],
    });
  });

  test('one that is down', () => {
    using pair = vethPair();
    execFileSync('ip', ['link', 'set', pair.name, 'down']);
    expect(interfaces().find(({ name }) => name === pair.name)).toMatchObject({ up: false, addresses: [] });
  });

  test('the loopback', () => {
    const loopback = interfaces().find(({ name }) => name === 'lo');
    expect(loopback).toMatchObject({ index: 1, mac: '00:00:00:00:00:00', driver: '' });
  });

  test('an index by name', () => {
    expect(interfaceIndex('lo')).toBe(1);
    expect(interfaceIndex('nobody0')).toBeUndefined();
    expectCode('EINVAL', () => interfaceIndex(1 as never));
  });
});

describe('the cookie of a namespace', () => {
  test('is its own, asked inside and by its file', () => {
    using elsewhere = networkNamespace();
    const own = networkNamespaceCookie();
    expect(networkNamespaceCookie(elsewhere.path)).toBe(
      BigInt(String(elsewhere.evaluate('bpf.networkNamespaceCookie()'))),
    );
    expect(networkNamespaceCookie(elsewhere.path)).not.toBe(own);
    expect(networkNamespaceCookie()).toBe(own);
  });

  test('what is no namespace', () => {
    expectCode('ENOENT', () => networkNamespaceCookie('/nowhere'));
    expectCode('EINVAL', () => networkNamespaceCookie('/proc/self/stat'));
    expectCode('EINVAL', () => networkNamespaceCookie(1 as never));
  });
});

describe('bpffs', () => {
  test('mounting twice is fine and hides nothing', () => {
    using pins = pinDirectory();
    using map = createMap({ name: 'map', type: 'array', keySize: 4, valueSize: 4, maxEntries: 1 });
    map.pin(`${pins.path}/map`);
    mountBpffs(pins.path);
    expect(isBpffs(pins.path)).toBe(true);
    using again = openPinnedMap(`${pins.path}/map`);
    expect(again.id).toBe(map.id);
  });

  test('elsewhere', () => {
    const directory = mkdtempSync(join(tmpdir(), 'libbpf-ts-plain-'));
    try {
      expect(isBpffs(directory)).toBe(false);
      using map = createMap({ name: 'map', type: 'array', keySize: 4, valueSize: 4, maxEntries: 1 });
      expectCode('EPERM', () => map.pin(`${directory}/map`));
      expectCode('EINVAL', () => unlinkPin(directory));
    } finally {
      rmdirSync(directory);
    }
  });

  test('what is not there', () => {
    expectCode('ENOENT', () => isBpffs('/nowhere'));
    expect(bpfError(() => mountBpffs('/nowhere'))).toMatchObject({ code: 'ENOENT', op: 'mount_bpffs' });
    expect(unlinkPin('/nowhere')).toBe(false);
    expectCode('EINVAL', () => unlinkPin(undefined as never));
  });

  test('a file that is no pin stays', () => {
    const directory = mkdtempSync(join(tmpdir(), 'libbpf-ts-plain-'));
    const file = join(directory, 'precious');
    writeFileSync(file, '');
    expectCode('EINVAL', () => unlinkPin(file));
    execFileSync('rm', [file]);
    rmdirSync(directory);
  });
});

describe('peerCredentials', () => {
  test('of a connected Unix socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lbt-'));
    const path = join(folder, 'socket');
    const server = createServer().listen(path);
    await once(server, 'listening');
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    const client = connect(path);
    const [socket] = await accepted;
    const { fd } = (socket as unknown as { readonly _handle: { readonly fd: number } })._handle;
    expect(peerCredentials(fd)).toEqual({ pid: process.pid, uid: process.getuid?.(), gid: process.getgid?.() });
    client.destroy();
    socket.destroy();
    server.close();
    rmSync(folder, { recursive: true });
  });

  test('ENOTSOCK where there is none', () => {
    const fd = openSync('/dev/null', 'r');
    expectCode('ENOTSOCK', () => peerCredentials(fd));
    closeSync(fd);
  });
});
