/**
 * What is left of a prefix with a hole in it counts with the length of the whole: a filter of a prefix in between comes
 * before it, although the pieces are longer. Where sets of filters grow from those of the class around them, that is
 * the one case in which what is added does not come first.
 */
import type { ModeName } from '../../src/compiler/rules/rule-table.ts';
import { kernelTable } from '../support/kernel-table.ts';
import { tcp } from '../support/packets.ts';
import type { FilterFields } from '../support/policies.ts';
import { block, permit, policyOf } from '../support/policies.ts';

const HOLED = '10.0.0.0/8 but 10.1.0.0/16';
const BETWEEN = '10.0.0.0/12';
const OTHER = '192.0.2.1';
const MODES: readonly ModeName[] = ['dense', 'rows', 'sparse', 'ranks'];

function at(end: 'from' | 'to', address: string, ...ports: readonly (string | undefined)[]): FilterFields[] {
  return ports.map((dport) => ({ [end]: address, protocol: 'tcp', ...(dport === undefined ? {} : { dport }) }));
}

for (const end of ['from', 'to'] as const) {
  const packet = (address: string, dport: number) =>
    end === 'from' ? tcp(address, OTHER, { dport }) : tcp(OTHER, address, { dport });
  // A set of one filter is a list, one of many is a row.
  for (const [form, ports] of [
    ['a list', [undefined]],
    ['a row', ['1-100', '200', '300', '400', '500', '600-700']],
  ] as const) {
    const policy = policyOf(
      [
        { ...permit(...at(end, BETWEEN, ...ports)), name: 'between' },
        { ...block(...at(end, HOLED, ...ports)), name: 'holed' },
      ],
      { default: 'permit' },
    );
    for (const mode of MODES) {
      kernelTable(
        `${mode}, ${end}, ${form}`,
        policy,
        [
          ['in a piece and in the prefix between', packet('10.2.0.1', 50), 'pass between'],
          ['in the hole', packet('10.1.0.1', 50), 'pass between'],
          ['in a piece alone', packet('10.17.0.1', 50), 'drop holed'],
          ['in none', packet('11.0.0.1', 50), 'pass default'],
        ],
        { mode },
      );
    }
  }
}
