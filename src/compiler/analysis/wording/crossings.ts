import { KEY_NAMES } from '../../../policy/key-names.ts';
import type { Filter } from '../../../policy/model.ts';
import { mergeRanges } from '../../../policy/ports.ts';
import type { Crossing } from '../crossings.ts';
import { isLoserWithin } from '../crossings.ts';
import type { HostFacts } from '../facts.ts';
import type { Observation, Wording } from '../observation.ts';
import { offerFor } from '../offer.ts';
import type { Universe } from '../universe.ts';
import { describeFilter, quotePacket, thisFilter } from './subject.ts';

export interface CrossingWords {
  readonly universe: Universe;
  readonly facts: HostFacts;
  /** Writes a filter as a policy file has it; left out, none is offered. */
  readonly writeFilter: ((filter: Filter) => string) | undefined;
}

/** Reported at the loser; those with one winner go together. */
export function observeCrossings(crossings: readonly Crossing[], words: CrossingWords): readonly Observation[] {
  return crossings.map((crossing): Observation => {
    const isWithin = isLoserWithin(words.universe, crossing);
    return {
      code: isWithin ? 'XP0408' : 'XP0403',
      span: crossing.loser.filter.span,
      about: [crossing.loser, crossing.winner],
      size: crossing.size,
      group: crossing.winner,
      word: (alike) => wordCrossing(crossing, isWithin, alike, words),
    };
  });
}

function wordCrossing(
  crossing: Crossing,
  isWithin: boolean,
  alike: readonly Observation[],
  words: CrossingWords,
): Wording {
  const { winner, loser, key, search, point, place, adjacent } = crossing;
  const packet = quotePacket(search.seen(point, place));
  const wins = `${winner.rule.action} wins by: ${KEY_NAMES[key]}`;
  const met = isWithin
    ? `is within ${describeFilter(winner)} and still loses to it: for ${packet} ${wins}`
    : `crosses ${describeFilter(winner)}: both match ${packet}, and ${wins}`;
  const between = adjacent ? '' : ', with other filters between them';
  const more = alike.length === 0 ? '' : `; so do ${alike.length} more${linesOf(alike)}`;
  return { message: `${thisFilter(loser)} ${met}${between}${more}`, help: helpFor(crossing, words) };
}

function helpFor(crossing: Crossing, { universe, facts, writeFilter }: CrossingWords): string {
  const { winner, loser } = crossing;
  const offer = writeFilter === undefined ? undefined : offerFor(crossing, universe.policy, facts);
  const unless = `if ${winner.rule.action} is not meant for such packets, add`;
  if (offer === undefined || writeFilter === undefined) return `${unless} a filter for just them`;
  const { destination } = offer.filter;
  const isEverywhere = loser.rule.action === 'block' && offer.isByAddress && destination !== loser.filter.destination;
  const everywhere =
    isEverywhere && destination.kind === 'me' ? 'to block a list everywhere, write destination: me; ' : '';
  return `${everywhere}${unless} to rule "${loser.rule.name}": ${writeFilter(offer.filter)}`;
}

const LINES = 8;

function linesOf(alike: readonly Observation[]): string {
  const lines = alike.flatMap(({ span }) => (span.lineText === '' ? [] : [span.line]));
  const ranges = mergeRanges(lines.map((line) => ({ lo: line, hi: line })));
  if (ranges.length === 0) return '';
  const shown = ranges.slice(0, LINES).map(({ lo, hi }) => (lo === hi ? `${lo}` : `${lo}-${hi}`));
  return `, line${lines.length === 1 ? '' : 's'} ${[...shown, ...(ranges.length > LINES ? ['…'] : [])].join(', ')}`;
}
