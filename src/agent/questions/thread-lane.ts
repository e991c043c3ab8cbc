/** Questions that one thread answers in turn. The thread starts with the first one, and ends when none came for a while. */
import { Worker } from 'node:worker_threads';
import { EnvironmentError } from '../../base/environment-error.ts';
import type { Report } from '../../host/context.ts';
import { AnsweredFailure } from '../control/wire-failure.ts';
import { OWN_FILE, THREAD_FILE } from '../question-place.ts';
import { Forsaken } from './forsaken.ts';
import type { Answer, Question } from './question.ts';

/** Questions that wait; more are refused. */
const MOST_WAITING = 32;
/** Milliseconds that a question which nobody waits for may still take: starting another thread takes a part of a second. */
const FORSAKEN = 2000;

/** The thread cannot be started, or is one of another version of the program: whoever asks answers himself. */
export class NoThread extends Error {}

/** The thread ended over a question: what it held is left as it was. */
export class ThreadLost extends EnvironmentError {}

export interface LaneOptions {
  /** Milliseconds without a question after which the thread ends and its memory is free again; undefined: it stays. */
  readonly idle: number | undefined;
  /** An answer that nobody waits for is of use all the same: the thread then has read what will be asked for again. */
  readonly finishesForsaken: boolean;
}

interface Job {
  readonly question: Question;
  readonly report: Report;
  readonly resolve: (json: string) => void;
  readonly reject: (error: unknown) => void;
}

export class ThreadLane {
  readonly #options: LaneOptions;
  readonly #waiting: Job[] = [];
  #running: Job | undefined;
  #startedAt = 0;
  #thread: Worker | undefined;
  #isReady = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  /** The outcome as JSON. Throws AnsweredFailure, NoThread, ThreadLost, or EnvironmentError where too many wait or the agent ends. */
  ask(question: Question, report: Report, gone: AbortSignal): Promise<string> {
    if (this.#waiting.length >= MOST_WAITING) {
      throw new EnvironmentError('XDPOL_E_BUSY', `${MOST_WAITING} questions of this kind wait for an answer already`, {
        help: 'ask again when some of them are answered',
      });
    }
    return new Promise((resolve, reject) => {
      const job = { question, report, resolve, reject };
      this.#waiting.push(job);
      gone.addEventListener('abort', () => this.#forsake(job), { once: true });
      this.#next();
    });
  }

  /** Ends the thread; what is asked is not answered. */
  close(): void {
    const stopped = new EnvironmentError('XDPOL_E_QUESTION', 'the agent ends', {
      help: 'ask again when it has started',
    });
    for (const job of this.#waiting.splice(0)) job.reject(stopped);
    this.#end(stopped);
  }

  #next(): void {
    clearTimeout(this.#timer);
    if (this.#running !== undefined) return;
    const job = this.#waiting[0];
    if (job === undefined) {
      if (this.#options.idle !== undefined) {
        this.#timer = setTimeout(() => this.#end(), this.#options.idle);
        this.#timer.unref();
      }
      return;
    }
    this.#thread ??= this.#start();
    if (!this.#isReady) return;
    this.#waiting.shift();
    this.#running = job;
    this.#startedAt = performance.now();
    this.#thread.postMessage(job.question);
  }

  #start(): Worker {
    const thread = new Worker(THREAD_FILE);
    thread.unref();
    // What a thread says that has been ended is of no interest.
    const ifMine = (act: () => void): void => {
      if (this.#thread === thread) act();
    };
    thread.on('message', (answer: Answer) => ifMine(() => this.#take(answer)));
    thread.on('error', (error) => ifMine(() => this.#lose(error)));
    thread.on('exit', () => ifMine(() => this.#lose(new Error('the thread ended'))));
    return thread;
  }

  #take(answer: Answer): void {
    if (answer.kind === 'event') {
      this.#running?.report(answer.event);
      return;
    }
    if (answer.kind === 'ready') {
      if (answer.file !== OWN_FILE) {
        this.#lose(new NoThread('the files of the program are of another version'));
        return;
      }
      this.#isReady = true;
    }
    if (answer.kind === 'outcome') this.#running?.resolve(answer.json);
    if (answer.kind === 'failure') this.#running?.reject(new AnsweredFailure(answer));
    this.#running = undefined;
    this.#next();
  }

  /** The thread is gone. Before it was there: so are all that waited for it. */
  #lose(error: Error): void {
    if (this.#isReady) {
      const why =
        (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'memory ran out' : error.message;
      this.#end(
        new ThreadLost('XDPOL_E_QUESTION', `the agent could not finish the answer: ${why}`, {
          help: 'the agent goes on; ask for a smaller policy, or on a host with more memory',
        }),
      );
    } else {
      for (const job of this.#waiting.splice(0)) job.reject(new NoThread(error.message));
      this.#end();
    }
    this.#next();
  }

  #end(error?: unknown): void {
    clearTimeout(this.#timer);
    const thread = this.#thread;
    this.#thread = undefined;
    this.#isReady = false;
    this.#running?.reject(error);
    this.#running = undefined;
    void thread?.terminate();
  }

  /** Nobody waits for it any more. */
  #forsake(job: Job): void {
    const place = this.#waiting.indexOf(job);
    if (place >= 0) {
      this.#waiting.splice(place, 1);
      job.reject(new Forsaken());
    }
    if (this.#running !== job || this.#options.finishesForsaken) return;
    const left = Math.max(0, this.#startedAt + FORSAKEN - performance.now());
    setTimeout(() => {
      if (this.#running !== job) return;
      this.#end(new Forsaken());
      this.#next();
    }, left).unref();
  }
}
