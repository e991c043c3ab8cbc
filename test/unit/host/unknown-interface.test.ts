import { expect, test } from 'vitest';
import { noInterface } from '../../../src/host/unknown-interface.ts';

const HERE = ['lo', 'eth0', 'veth1', 'veth2'];

test('a slip is told what was meant, a pattern the names that it means, anything else what there is', () => {
  const help = (name: string): string => noInterface(name, HERE).help ?? '';
  expect(help('eht0')).toBe('did you mean eth0? this network namespace has: eth0, veth1, veth2');
  expect(help('veth*')).toBe('write those that it means: -i veth1 -i veth2');
  expect(help('wlan*')).toBe('this network namespace has: eth0, veth1, veth2');
  expect(help('lo*')).not.toContain('-i');
  expect(noInterface('veth*', [], { takesPatterns: true }).message).toBe('there is no interface veth*');
  expect(noInterface('bond7', ['lo']).help).toBe('this network namespace has: none');
});
