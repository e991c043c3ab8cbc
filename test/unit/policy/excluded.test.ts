import { expect, test } from 'vitest';
import { classify } from '../../../src/policy/classify.ts';
import { decodePacket } from '../../../src/policy/packet/decode.ts';
import { tcp } from '../../support/packets.ts';
import { block, hostOf, policyOf, setsOf } from '../../support/policies.ts';

const HOST = hostOf(['192.0.2.1']);
const SETS = setsOf({ drop: ['10.0.0.0/8', '192.0.2.0/24'], own: ['10.1.0.0/16'] }, { drop: ['10.2.0.0/16', 'me'] });

function verdictOf(from: string, source: string): string {
  const policy = policyOf([block({ from })], { addressSets: SETS });
  return classify(policy, HOST, decodePacket(tcp(source, '192.0.2.1').frame)).verdict;
}

const cases: readonly (readonly [from: string, source: string, verdict: string])[] = [
  ['$drop', '10.1.0.1', 'drop'],
  ['$drop', '10.2.0.1', 'pass'],
  ['$drop', '192.0.2.1', 'pass'],
  ['$drop', '192.0.2.2', 'drop'],
  // What one member leaves out another one may have.
  ['$drop, 10.2.0.7', '10.2.0.7', 'drop'],
  ['$drop, me', '192.0.2.1', 'drop'],
  // What the list leaves out nobody has.
  ['$drop, 10.1.0.0/16 but $own', '10.1.0.1', 'pass'],
  ['$drop, 10.1.0.0/16 but 10.1.0.0-10.1.0.9', '10.1.0.9', 'pass'],
  ['$drop, 10.1.0.0/16 but 10.1.0.0-10.1.0.9', '10.1.0.10', 'drop'],
  // What a set leaves out is not left out where the set is.
  ['any but $drop', '10.2.0.1', 'drop'],
  ['any but $drop', '10.1.0.1', 'pass'],
];
for (const [from, source, verdict] of cases) {
  test(`${source} from ${from}: ${verdict}`, () => expect(verdictOf(from, source)).toBe(verdict));
}
