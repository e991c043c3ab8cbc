/** A rule by the keys that a policy file has for it. */
import type { Action } from '../../policy/model.ts';

/** A filter by its keys, as docs/policy.md has them. */
export type FilterKeys = Readonly<Record<string, unknown>>;

/** A rule whose filters are given by their keys, not as filterspecs. */
export interface KeyedRule {
  readonly name: string;
  readonly action: Action;
  readonly filters: readonly FilterKeys[];
}
