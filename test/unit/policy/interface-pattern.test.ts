import { expect, test } from 'vitest';
import { isInterfacePattern, matchesInterface } from '../../../src/policy/interface-pattern.ts';

test.each([
  ['eth0', 'eth0', true],
  ['eth0', 'eth01', false],
  ['eth*', 'eth0', true],
  ['eth*', 'eth', true],
  ['eth*', 'veth0', false],
  ['eth?', 'eth0', true],
  ['eth?', 'eth', false],
  ['*', 'anything.100', true],
  ['eth0.*', 'eth0.100', true],
  ['eth0.*', 'eth0x100', false],
  ['br-[a]*', 'br-[a]1', true],
  ['br-[a]*', 'br-a1', false],
])('%s means %s: %s', (pattern, name, expected) => {
  expect(matchesInterface(pattern, name)).toBe(expected);
});

test('a name without stars and question marks is no pattern', () => {
  expect(['eth0', 'br-[a]', 'e*', 'e?'].map(isInterfacePattern)).toEqual([false, false, true, true]);
});
