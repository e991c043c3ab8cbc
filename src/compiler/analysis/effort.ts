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

  constructor(total: number = Number.POSITIVE_INFINITY) {
    this.#total = total;
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
  }

  get isPhaseSpent(): boolean {
    return this.#spent >= this.#phaseEnd;
  }

  get isSearchSpent(): boolean {
    return this.#spent >= this.#searchEnd;
  }
}

/** Searches of the hardest kind that a phase has room for. */
const SEARCHES = 100;
