/**
 * Questions that may take long, answered by threads beside the agent's own: it answers, serves scrapes and follows addresses
 * meanwhile. Reading a policy of 10,000 rules takes seconds. So do changes with such a policy.
 */
import type { RouteName } from '../../api/routes.ts';
import type { HostContext, Report } from '../../host/context.ts';
import type { Observed, ObserveRequest } from '../../host/evidence/observer.ts';
import type { RestoredPolicy } from '../../host/restore-intended.ts';
import { flagOf } from './forsaken.ts';
import { isLongChange } from './long-change.ts';
import type { Question, ThreadDuty } from './question.ts';
import { JsonText } from './question.ts';
import { ThreadLane } from './thread-lane.ts';

/** So that what is short does not wait for what is long. */
type Lane = 'figures' | 'reading' | 'verdicts' | 'analysis';

/** Milliseconds. Who works with a policy asks again within a minute; what a thread remembers of a large one is large. */
const IDLE = 60_000;

const LANES: Readonly<Partial<Record<RouteName, Lane>>> = {
  counters: 'figures',
  ruleCounters: 'figures',
  retiredCounters: 'figures',
  reportTraffic: 'figures',
  readStored: 'reading',
  outline: 'reading',
  explain: 'verdicts',
  report: 'verdicts',
  suggestPermits: 'verdicts',
  check: 'analysis',
  diff: 'analysis',
  edit: 'analysis',
  format: 'analysis',
  chart: 'analysis',
};

/** Milliseconds. The next change reads its own policy. */
const IDLE_AFTER_CHANGE = 5000;
const NEVER = new AbortController().signal;

export class Questions {
  readonly #lanes: Readonly<Record<Lane, ThreadLane>> = {
    figures: new ThreadLane({ idle: IDLE, finishesForsaken: true }),
    reading: new ThreadLane({ idle: IDLE, finishesForsaken: true }),
    verdicts: new ThreadLane({ idle: IDLE, finishesForsaken: true }),
    analysis: new ThreadLane({ idle: IDLE, finishesForsaken: false }),
  };

  /** Remembers what it has observed, and stays. */
  readonly #evidence = new ThreadLane({ idle: undefined, finishesForsaken: true });
  readonly #changes = new ThreadLane({ idle: IDLE_AFTER_CHANGE, finishesForsaken: true });

  /**
   * A change; undefined where it is short, so that whoever asks makes it himself. What has begun to change is changed to the
   * end whether somebody waits for it or not; before that, the change ends where whoever asked goes. Throws as ThreadLane.ask.
   */
  change(question: Question, report: Report, gone: AbortSignal = NEVER): Promise<JsonText> | undefined {
    if (!isLongChange(question)) return undefined;
    return this.#changes.ask({ ...question, gone: flagOf(gone) }, report, gone).then((text) => new JsonText(text));
  }

  /** undefined where whoever asks answers himself. Throws as ThreadLane.ask. */
  ask(question: Question, report: Report, gone: AbortSignal): Promise<JsonText> | undefined {
    const lane = LANES[question.name as RouteName];
    if (lane === undefined) return undefined;
    return this.#lanes[lane].ask(question, report, gone).then((text) => new JsonText(text));
  }

  /** As restoreHere. Throws as ThreadLane.ask. */
  async restore(context: HostContext): Promise<RestoredPolicy> {
    return (await askFor('restore here', this.#changes, undefined, context)) as RestoredPolicy;
  }

  /** Looks at the traffic. Throws as ThreadLane.ask. */
  async observe(request: ObserveRequest, context: HostContext): Promise<Observed> {
    return (await askFor('observe', this.#evidence, request, context)) as Observed;
  }

  close(): void {
    for (const lane of [this.#changes, this.#evidence, ...Object.values(this.#lanes)]) lane.close();
  }
}

async function askFor(duty: ThreadDuty, lane: ThreadLane, body: unknown, context: HostContext): Promise<unknown> {
  const { asker, report } = context;
  const asked = { body, name: '', version: '', query: undefined };
  return JSON.parse(await lane.ask({ name: duty, asker, asked }, report, NEVER));
}
