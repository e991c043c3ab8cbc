import { KEY_NAMES } from '../../../policy/key-names.ts';
import { decidingKey } from '../../../policy/specificity.ts';
import type { Observation, Wording } from '../observation.ts';
import type { Shadowed } from '../shadowed.ts';
import { describeFilter, quotePacket, thisFilter } from './subject.ts';

export function observeShadowed(all: readonly Shadowed[]): readonly Observation[] {
  return all.map((shadowed) => ({
    code: 'XP0404',
    span: shadowed.filter.filter.span,
    about: [shadowed.filter],
    size: 0,
    group: undefined,
    word: () => wordShadowed(shadowed),
  }));
}

function wordShadowed({ filter, by, seen, loser }: Shadowed): Wording {
  const decides =
    by.directed === undefined
      ? `the exemption ${by.owner} passes it`
      : `${describeFilter(by.owner)} wins by: ${KEY_NAMES[decidingKey(by.directed, loser.directed)]}`;
  const never = `${thisFilter(filter)} never decides, others come first for all its packets`;
  return { message: `${never}: for ${quotePacket(seen)} ${decides}`, help: 'remove it, or make it more specific' };
}
