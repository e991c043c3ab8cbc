/** A thread of the agent: answers one question after another, and remembers what it has read. Takes Question, gives Answer. */
import { parentPort } from 'node:worker_threads';
import { toJson } from '../api/wire.ts';
import { present } from '../base/assert.ts';
import type { HostContext, OperationEvent } from '../host/context.ts';
import { openContext } from '../host/context.ts';
import { DropRanking } from '../host/drop-ranking.ts';
import type { EvidenceObserver, Observed, ObserveRequest } from '../host/evidence/observer.ts';
import { localOperations } from '../host/operations.ts';
import { ReadingCache } from '../host/reading-cache.ts';
import { RecentOutlines } from '../host/recent-outlines.ts';
import { HANDLERS } from './control/handlers.ts';
import { encodeFailure } from './control/wire-failure.ts';
import { OWN_FILE } from './question-place.ts';
import { collectGarbage } from './questions/collect-garbage.ts';
import { endForsaken } from './questions/forsaken.ts';
import type { Answer, Question } from './questions/question.ts';

const port = present(parentPort ?? undefined);
const readings = new ReadingCache();
const outlines = new RecentOutlines();
const ranking = new DropRanking();

function send(answer: Answer): void {
  port.postMessage(answer);
}

/** Milliseconds: what took longer leaves garbage that is worth a collection. */
const LONG = 300;
/** Milliseconds without a question before it. */
const QUIET = 1000;
let collection: ReturnType<typeof setTimeout> | undefined;

/** Of the thread that observes the traffic, from the first look on. */
let observer: EvidenceObserver | undefined;

async function observe(context: HostContext, request: ObserveRequest): Promise<Observed> {
  const { EvidenceObserver: Observer } = await import('../host/evidence/observer.ts');
  observer ??= new Observer(context);
  return await observer.observe(request);
}

async function carryOut({ name, asked }: Question, context: HostContext): Promise<unknown> {
  switch (name) {
    case 'observe':
      return await observe(context, asked.body as ObserveRequest);
    case 'restore here':
      return await (await import('../host/restore-now.ts')).restoreHere(context);
    default:
      return await HANDLERS[name](localOperations({ ...context, readings, outlines, ranking }), asked);
  }
}

async function answer(question: Question): Promise<void> {
  clearTimeout(collection);
  const started = performance.now();
  const { asker, gone } = question;
  const report = (event: OperationEvent): void => {
    endForsaken(gone, event);
    send({ kind: 'event', event });
  };
  const context = openContext(report, undefined, { asker });
  try {
    send({ kind: 'outcome', json: toJson(await carryOut(question, context)) });
  } catch (error) {
    send({ kind: 'failure', ...encodeFailure(error) });
  }
  if (performance.now() - started > LONG) collection = setTimeout(collectGarbage, QUIET);
}

port.on('message', (question: Question) => void answer(question));
send({ kind: 'ready', file: OWN_FILE });
