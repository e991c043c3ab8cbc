/** What becomes of a policy that could not be confirmed. */
import { expect, test } from 'vitest';
import { isFinal, unconfirmed } from '../../../../src/agent/fleet/carry-out.ts';
import { EnvironmentError } from '../../../../src/base/environment-error.ts';

function failure(code: string): EnvironmentError {
  return new EnvironmentError('XDPOL_E_FRONT', 'x', { help: 'x', cause: Object.assign(new Error('x'), { code }) });
}

test.each([
  ['no front was reached with it, and one without it', 'ETIMEDOUT', true, 'XDPOL_E_WENT_BACK'],
  ['no front was reached with it, nor without it', 'ETIMEDOUT', false, 'XDPOL_E_FRONT'],
  ['fronts were too busy with it, and one was reached without it', 'EBUSY', true, 'XDPOL_E_FRONT'],
  ['fronts were too busy, and none was reached without it', 'EBUSY', false, 'XDPOL_E_FRONT'],
] as const)('%s', (_what, code, isReached, wanted) => {
  const error = unconfirmed('web', failure(code), isReached);
  expect([error.code, isFinal(error)]).toEqual([wanted, wanted === 'XDPOL_E_WENT_BACK']);
});
