/** One line on a terminal that shows the progress of long work; nothing anywhere else, and nothing for short work. */
import { performance } from 'node:perf_hooks';

/** What is done sooner needs no line, in ms. */
const PATIENCE = 400;
/** Between two lines, in ms. */
const PAUSE = 100;
const ERASE = '\r\u001b[K';

export interface ProgressTarget {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export class ProgressLine {
  readonly #target: ProgressTarget;
  readonly #now: () => number;
  #next: number;
  #shown = false;

  constructor(target: ProgressTarget, now: () => number = () => performance.now()) {
    this.#target = target;
    this.#now = now;
    this.#next = now() + PATIENCE;
  }

  /** `reading scanners.txt: 45 %`; `share` is 0 to 1. */
  show(what: string, share: number): void {
    if (this.#target.isTTY !== true || this.#now() < this.#next) return;
    this.#next = this.#now() + PAUSE;
    this.#shown = true;
    this.#target.write(`${ERASE}${what.replaceAll(/\p{Cc}/gu, '?')}: ${Math.floor(share * 100)} %`);
  }

  /** Leaves the line empty for what is printed next. */
  clear(): void {
    if (this.#shown) this.#target.write(ERASE);
    this.#shown = false;
  }
}
