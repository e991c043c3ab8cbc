/**
 * How much work the analysis may do. Counted in steps of about equal cost and not in time, so that one policy always
 * gets the same answer. Each phase has a share of what is left, and each search a small part of its phase, so that one
 * hard question does not keep others from being asked.
 */
export class Effort {
  readonly #total: number;
  #spent = 0;
  #phaseEnd: number;
  #searchEnd: number;
  #searchSteps: number;
  readonly #progress: (share: number) => void;
  #reported = 0;

  /** `progress` is called again and again with the share that is spent, 0 to 1. */
  constructor(total: number = Number.POSITIVE_INFINITY, progress: (share: number) => void = () => undefined) {
    this.#total = total;
    this.#progress = progress;
    this.#phaseEnd = total;
    this.#searchEnd = total;
    this.#searchSteps = total;
  }

  beginPhase(share: number): void {
    const steps = share * Math.max(0, this.#total - this.#spent);
    this.#phaseEnd = this.#spent + steps;
    this.#searchSteps = steps / SEARCHES;
  }

  beginSearch(): void {
    this.#searchEnd = Math.min(this.#phaseEnd, this.#spent + this.#searchSteps);
  }

  spend(steps: number): void {
    this.#spent += steps;
    if (this.#spent - this.#reported < STEPS_BETWEEN) return;
    this.#reported = this.#spent;
    this.#progress(Math.min(1, this.#spent / this.#total));
  }

  get isPhaseSpent(): boolean {
    return this.#spent >= this.#phaseEnd;
  }

  get isSearchSpent(): boolean {
    return this.#spent >= this.#searchEnd;
  }
}

/** Between two calls of `progress`: some ten milliseconds. */
const STEPS_BETWEEN = 50_000;
/** Searches of the hardest kind that a phase has room for. */
const SEARCHES = 100;
