import { KEY_NAMES } from '../../../policy/key-names.ts';
import { mergeRanges } from '../../../policy/ports.ts';
import type { Crossing } from '../crossings.ts';
import type { Observation, Wording } from '../observation.ts';
import { describeFilter, quotePacket, thisFilter } from './subject.ts';

/** Reported at the loser; those with one winner go together. */
export function observeCrossings(crossings: readonly Crossing[]): readonly Observation[] {
  return crossings.map((crossing) => ({
    code: 'XP0403',
    span: crossing.loser.filter.span,
    about: [crossing.loser, crossing.winner],
    size: crossing.size,
    group: crossing.winner,
    word: (alike) => wordCrossing(crossing, alike),
  }));
}

function wordCrossing(
  { winner, loser, key, search, point, place, adjacent }: Crossing,
  alike: readonly Observation[],
): Wording {
  const packet = quotePacket(search.seen(point, place));
  const message = [
    `${thisFilter(loser)} crosses ${describeFilter(winner)}`,
    `: both match ${packet}, and ${winner.rule.action} wins by: ${KEY_NAMES[key]}`,
    adjacent ? '' : ', with other filters between them',
    alike.length === 0 ? '' : `; so do ${alike.length} more${linesOf(alike)}`,
  ].join('');
  return { message, help: `if ${winner.rule.action} is not meant for such packets, add a filter for just them` };
}

const LINES = 8;

function linesOf(alike: readonly Observation[]): string {
  const lines = alike.flatMap(({ span }) => (span.lineText === '' ? [] : [span.line]));
  const ranges = mergeRanges(lines.map((line) => ({ lo: line, hi: line })));
  if (ranges.length === 0) return '';
  const shown = ranges.slice(0, LINES).map(({ lo, hi }) => (lo === hi ? `${lo}` : `${lo}-${hi}`));
  return `, line${lines.length === 1 ? '' : 's'} ${[...shown, ...(ranges.length > LINES ? ['…'] : [])].join(', ')}`;
}
