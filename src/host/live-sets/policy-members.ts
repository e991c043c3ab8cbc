/** Members of the live sets of a policy, for whoever asks what it would do. */
import { Diagnostics } from '../../base/diagnostics.ts';
import { EnvironmentError } from '../../base/environment-error.ts';
import { formatPrefix } from '../../base/ip.ts';
import { PolicyRejected } from '../../base/policy-rejected.ts';
import { didYouMean } from '../../base/suggest.ts';
import { readAddressList } from '../../formats/sets/list-file.ts';
import { PLAIN_LIST } from '../../formats/sets/list-options.ts';
import type { LiveMembers, LiveSet } from '../../policy/live-sets.ts';
import { levelFor, liveSetsOf } from '../../policy/live-sets.ts';
import type { Policy } from '../../policy/model.ts';
import type { PrefixSet } from '../../policy/prefix-set.ts';
import { prefixesOf, prefixSetOf } from '../../policy/prefix-set.ts';
import type { PolicyStore } from '../../store/store.ts';
import { presentMembers } from './read-sets.ts';

/** A list in any form that set files have. */
export interface MemberList {
  readonly name: string;
  readonly text: string;
}

export interface GivenMembers {
  /** Left out: the only live set that the policy has. */
  readonly set?: string | undefined;
  readonly list: MemberList;
}

/** Throws PolicyRejected where the list has errors. */
export function readMemberList({ name, text }: MemberList): PrefixSet {
  const diags = new Diagnostics();
  const set = readAddressList(name, new TextEncoder().encode(text), PLAIN_LIST, diags);
  if (diags.failed) throw new PolicyRejected(diags.all);
  return set;
}

/** The members that are given for a set, else those that it has on this host now. */
export function membersFor(store: PolicyStore, policy: Policy, given: readonly GivenMembers[] = []): LiveMembers {
  const sets = liveSetsOf(policy);
  const names = sets.map(({ name }) => name);
  const lists = new Map(given.map(({ set, list }) => [findName(set, names), list]));
  return new Map(
    sets.map(({ name, live }) => {
      const list = lists.get(name);
      return [name, list === undefined ? membersNow(store, name) : membersOf(list, name, live)];
    }),
  );
}

function findName(wanted: string | undefined, names: readonly string[]): string {
  const [only] = names;
  if (wanted === undefined && names.length === 1 && only !== undefined) return only;
  if (wanted !== undefined && names.includes(wanted)) return wanted;
  const known = names.length === 0 ? 'the policy has none' : `there are: ${names.join(', ')}`;
  throw new EnvironmentError(
    'XDPOL_E_SET',
    `members are given for ${wanted === undefined ? 'a live set' : `the live set ${wanted}`}: ${known}`,
    {
      help: didYouMean(wanted ?? '', names) ?? 'name the set: --members SET=FILE',
    },
  );
}

function membersNow(store: PolicyStore, name: string): PrefixSet {
  return prefixSetOf([...presentMembers(store, name)].map(({ prefix }) => prefix));
}

function membersOf(list: MemberList, name: string, { levels }: LiveSet): PrefixSet {
  const set = readMemberList(list);
  for (const prefix of prefixesOf(set)) {
    if (levelFor(prefix, levels) === prefix.length) continue;
    const lengths = levels[prefix.family].map((length) => `/${length}`).join(', ');
    const message = `${list.name}: ${formatPrefix(prefix)} cannot be a member of ${name}, whose members have the lengths ${lengths}`;
    throw new EnvironmentError('XDPOL_E_SET', message, {
      help: 'leave it out, or add its length to levels in the policy',
    });
  }
  return set;
}
