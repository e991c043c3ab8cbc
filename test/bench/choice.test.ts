import { expect, test } from 'vitest';
import { casesFor, choiceOf } from '../../bench/choice.ts';
import { SECTIONS } from '../../bench/figure.ts';
import { FLEETS } from '../../bench/fleet/sizes.ts';
import { POLICIES } from '../../bench/policies.ts';

test('every section has cases, and every case a policy', () => {
  for (const quick of [true, false]) {
    const cases = casesFor([], quick);
    expect(new Set(cases.map(({ section }) => section))).toEqual(new Set(SECTIONS));
    const known = (section: string): object => (section === 'fleet' ? FLEETS : POLICIES);
    expect(cases.filter(({ section, policy }) => !Object.hasOwn(known(section), policy))).toEqual([]);
  }
});

test('--only takes sections, policies, and policies of sections', () => {
  expect(casesFor(['replay'], true)).toEqual([{ section: 'replay', policy: 'example' }]);
  expect(casesFor(['live', 'acl-1k'], true)).toEqual([{ section: 'live', policy: 'acl-1k' }]);
  expect(casesFor(['rules-10'], false)).toEqual([{ section: 'scrape', policy: 'rules-10' }]);
});

test('what takes long is measured only where it is named', () => {
  expect(casesFor(['fleet'], false).map(({ policy }) => policy)).toEqual(['fleet-500', 'fleet-2k']);
  expect(casesFor(['fleet-10k'], true)).toEqual([{ section: 'fleet', policy: 'fleet-10k' }]);
});

test('policies whose filters overlap are compiled and run, in three sizes each', () => {
  for (const shape of ['overlap', 'any', 'wild']) {
    const policies = ['1k', '5k', '20k'].map((size) => `${shape}-${size}`);
    for (const section of ['compile', 'dataplane'] as const)
      expect(casesFor([section, ...policies], false)).toEqual(policies.map((policy) => ({ section, policy })));
  }
});

test('a report is written where all is measured or one is asked for', () => {
  expect(choiceOf(['--quick']).report).toBe('bench/report');
  expect(choiceOf(['--only', 'load']).report).toBeUndefined();
  expect(choiceOf(['--only', 'load', '--report', 'here']).report).toBe('here');
});

test('what is not there is refused with what there is', () => {
  expect(() => choiceOf(['--only', 'nothing'])).toThrow(/dataplane.*list-10k/u);
  expect(() => choiceOf(['--only', 'replay', '--only', 'acl-10'])).toThrow('no section measures that');
  expect(() => choiceOf(['--cpu', '4096'])).toThrow('CPUs 0 to');
});
