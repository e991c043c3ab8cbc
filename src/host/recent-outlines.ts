/** Outlines of the policies that were asked for last, for a process that is asked again and again. */
import type { PolicyOutline } from '../policy/outline.ts';

/** Enough to compare two. */
const KEPT = 2;

export class RecentOutlines {
  #kept: readonly (readonly [hash: string, outline: PolicyOutline])[] = [];

  /** `hash` is that of the policy's text and files. */
  find(hash: string): PolicyOutline | undefined {
    return this.#kept.find(([one]) => one === hash)?.[1];
  }

  keep(hash: string, outline: PolicyOutline): void {
    this.#kept = [[hash, outline] as const, ...this.#kept.filter(([one]) => one !== hash)].slice(0, KEPT);
  }
}
