/** Where a policy comes from, and what becomes of one that could not be confirmed. */
import { expect, test } from 'vitest';
import { fetchPolicy, isBrought, isFinal, unconfirmed } from '../../../../src/agent/fleet/carry-out.ts';
import { EnvironmentError } from '../../../../src/base/environment-error.ts';
import { encodeBundle, packBlob } from '../../../../src/fleet/bundle.ts';
import { sha256 } from '../../../../src/fleet/signing.ts';

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

const BUNDLE = encodeBundle({ text: 'name: web\n', files: new Map() });
const POLICY = { name: 'web', version: 1, sha256: sha256(BUNDLE), size: BUNDLE.length };

test.each([
  ['came along is not fetched', packBlob(BUNDLE), true, 0],
  ['did not come along is fetched', undefined, false, 1],
  ['came along as another one is fetched', packBlob(Buffer.from('other')), false, 1],
  ['came along damaged is fetched', packBlob(BUNDLE).subarray(0, -9), false, 1],
] as const)('a policy that %s', async (_what, brought, isThere, wanted) => {
  let fetches = 0;
  const fronts = {
    toldAtOnce: 1,
    broughtBlob: () => brought,
    fetchBlob: () => {
      fetches++;
      return Promise.resolve(packBlob(BUNDLE));
    },
    reachAnew: () => Promise.resolve(),
  };
  expect(isBrought(POLICY, fronts)).toBe(isThere);
  expect((await fetchPolicy(POLICY, fronts)).input.text).toBe('name: web\n');
  expect(fetches).toBe(wanted);
});
