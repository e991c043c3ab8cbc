/** Names of hosts, groups, policies and rollouts: what they may be, and the targets that orders are for. */

const NAME = /^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/u;

/** What a name must look like, for messages. */
export const NAME_RULE = 'lower-case letters, digits, dots, hyphens and underscores, at most 63';

/** Lower case alone: two names never differ by their case. */
export function isName(text: unknown): text is string {
  return typeof text === 'string' && NAME.test(text);
}

export type Target = 'fleet' | `group/${string}` | `host/${string}`;

export function isTarget(text: unknown): text is Target {
  if (text === 'fleet') return true;
  const found = typeof text === 'string' ? /^(?:group|host)\/(?<name>.*)$/u.exec(text) : null;
  return isName(found?.groups?.['name']);
}

/** Orders of the two lanes are kept apart: a ban never takes the place of a policy. */
export const LANES = ['policy', 'bans'] as const;
export type Lane = (typeof LANES)[number];

/**
 * The targets that a host takes orders for, the one that counts most first. `groups` are in order of precedence already,
 * as a membership has them.
 */
export function targetsOf(host: string, groups: readonly string[]): readonly Target[] {
  return [`host/${host}`, ...groups.map((group): Target => `group/${group}`), 'fleet'];
}
