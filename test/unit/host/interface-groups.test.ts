import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { interfaceGroup } from '../../../src/host/interface-groups.ts';

let state: string;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'xdpol-groups-'));
  process.env['XDPOL_CONFIG'] = join(state, 'config.yaml');
  writeFileSync(join(state, 'config.yaml'), 'interfaceGroups: { lan: [eth1, eth2] }\n');
  const legacy = { interfaceGroups: { lan: ['eth8'], dialup: ['ppp0'] } };
  writeFileSync(join(state, 'config.json'), JSON.stringify(legacy));
});
afterEach(() => {
  delete process.env['XDPOL_CONFIG'];
  rmSync(state, { recursive: true });
});

test('the configuration is asked first, then the file of before', () => {
  expect(interfaceGroup(state, 'lan')).toEqual(['eth1', 'eth2']);
  expect(interfaceGroup(state, 'dialup')).toEqual(['ppp0']);
});

test('without either: an error that says what to write where', () => {
  rmSync(join(state, 'config.json'));
  expect(() => interfaceGroup(state, 'dialup')).toThrow('no interfaces are in the group dialup');
});
