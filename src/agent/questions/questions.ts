/**
 * Questions that may take long, answered by threads beside the agent's own: it answers, serves scrapes and follows addresses
 * meanwhile. Reading a policy of 10,000 rules takes seconds.
 */
import type { RouteName } from '../../api/routes.ts';
import type { Report } from '../../host/context.ts';
import type { Question } from './question.ts';
import { JsonText } from './question.ts';
import { ThreadLane } from './thread-lane.ts';

/** So that what is short does not wait for what is long. */
type Lane = 'figures' | 'reading' | 'analysis';

const LANES: Readonly<Partial<Record<RouteName, Lane>>> = {
  counters: 'figures',
  ruleCounters: 'figures',
  retiredCounters: 'figures',
  readStored: 'reading',
  outline: 'reading',
  explain: 'reading',
  report: 'reading',
  suggestPermits: 'reading',
  check: 'analysis',
  diff: 'analysis',
  edit: 'analysis',
  format: 'analysis',
  chart: 'analysis',
};

export class Questions {
  readonly #lanes: Readonly<Record<Lane, ThreadLane>> = {
    figures: new ThreadLane({ finishesForsaken: true }),
    reading: new ThreadLane({ finishesForsaken: true }),
    analysis: new ThreadLane({ finishesForsaken: false }),
  };

  /** undefined where whoever asks answers himself. Throws as ThreadLane.ask. */
  ask(question: Question, report: Report, gone: AbortSignal): Promise<JsonText> | undefined {
    const lane = LANES[question.name];
    if (lane === undefined) return undefined;
    return this.#lanes[lane].ask(question, report, gone).then((text) => new JsonText(text));
  }

  close(): void {
    for (const lane of Object.values(this.#lanes)) lane.close();
  }
}
