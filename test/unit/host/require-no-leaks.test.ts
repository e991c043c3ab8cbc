import { expect, test } from 'vitest';
import type { Finding } from '../../../src/host/doctor/finding.ts';
import { judgeLeaks } from '../../../src/host/require-no-leaks.ts';

const LEAK: Finding = {
  check: 'membership',
  interface: 'eth0',
  severity: 'error',
  what: 'eth0 is a port of the bond bond0',
  why: 'what uses eth1 is not filtered',
  advice: 'name the bond instead: -i bond0',
  leaks: true,
};
const NO_LEAK: Finding = { check: 'lro', interface: 'eth0', severity: 'warning', what: 'LRO', why: 'slow' };

test('an interface that would leak is refused with what to name instead', () => {
  expect(() => judgeLeaks([NO_LEAK, LEAK], [])).toThrow(
    expect.objectContaining({
      code: 'XDPOL_E_LEAK',
      message: 'eth0 is a port of the bond bond0: what uses eth1 is not filtered',
      help: 'name the bond instead: -i bond0; or filter it anyway: --force',
    }),
  );
});

test('one that is filtered already, or is forced, is a warning; other findings are none', () => {
  expect(judgeLeaks([NO_LEAK, LEAK], ['eth0'])).toEqual([
    'eth0 is a port of the bond bond0: what uses eth1 is not filtered',
  ]);
  expect(judgeLeaks([NO_LEAK], [])).toEqual([]);
});
