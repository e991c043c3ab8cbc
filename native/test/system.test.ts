import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync, writeFileSync } from 'node:fs';
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
  possibleCpus,
  unlinkPin,
} from 'libbpf-ts-bindings';
import { describe, expect, test } from 'vitest';
import { bpfError, expectCode, expectNoLeaks, pinDirectory, vethPair } from './support.ts';

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
      mac: '02:00:00:00:00:01',
      driver: 'veth',
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

test('a namespace has a cookie of its own', () => {
  const print = 'import("libbpf-ts-bindings").then((l) => console.log(String(l.networkNamespaceCookie())))';
  const elsewhere = execFileSync('unshare', ['--net', process.execPath, '-e', print], { encoding: 'utf8' }).trim();
  expect(networkNamespaceCookie()).toBe(networkNamespaceCookie());
  expect(elsewhere).toMatch(/^\d+$/u);
  expect(elsewhere).not.toBe(String(networkNamespaceCookie()));
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
