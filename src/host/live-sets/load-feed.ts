/** The members of a live set from its feed. The source may be wrong, empty or cut: then the members stay as they are. */
import { Diagnostics } from '../../base/diagnostics.ts';
import type { Prefix } from '../../base/ip.ts';
import { MAX_LIST_BYTES } from '../../formats/named-file.ts';
import { readAddressList } from '../../formats/sets/list-file.ts';
import { LIST_FORMATS } from '../../formats/sets/list-options.ts';
import type { Feed } from '../../policy/feed.ts';
import { feedText } from '../../policy/feed.ts';
import type { PrefixSet } from '../../policy/prefix-set.ts';
import { prefixesOf } from '../../policy/prefix-set.ts';
import type { DeclaredSet } from '../../store/store.ts';
import type { HostContext } from '../context.ts';
import { inflate } from '../read-regular-file.ts';
import { openKernelSets } from './kernel-members.ts';
import { listExcluded, listNeverBanned } from './never-banned.ts';
import type { SetChangeOutcome } from './set-work.ts';
import { SetWork } from './set-work.ts';

/** A ban that a source has decided. */
export interface FeedBan {
  readonly prefix: Prefix;
  readonly seconds: number;
  readonly note: string;
}

export interface FeedBans {
  /** All that there are, and not only what is new. */
  readonly isWhole: boolean;
  readonly added: readonly FeedBan[];
  readonly removed: readonly Prefix[];
}

/** The source has no list that can be taken. Its message is a sentence. */
export class BadFeed extends Error {
  override readonly name = 'BadFeed';
}

/** Throws BadFeed where the content is no list, or has an error or no address. */
export function readFeedList(feed: Feed, packed: Uint8Array): PrefixSet {
  const isPacked = packed[0] === 0x1f && packed[1] === 0x8b;
  const bytes = isPacked ? inflate(packed, MAX_LIST_BYTES) : packed;
  if (!(bytes instanceof Uint8Array)) throw new BadFeed(bytes.error);
  const { format, column, field } = feed.list;
  const diags = new Diagnostics();
  const options = { format: LIST_FORMATS.find((known) => known === format) ?? 'auto', column, field };
  const list = readAddressList(feedText(feed), bytes, options, diags);
  const wrong = diags.all.find(({ severity }) => severity === 'error');
  if (wrong !== undefined) throw new BadFeed(`line ${wrong.span.line}: ${wrong.message}`);
  if (list.v4.count + list.v6.count === 0) throw new BadFeed('it has no addresses');
  return list;
}

/** The set has the members of the list and no others. */
export async function loadFeed(
  context: HostContext,
  declared: DeclaredSet,
  list: PrefixSet,
): Promise<SetChangeOutcome> {
  return await changeByFeed(context, declared, (work, split) => {
    work.load(prefixesOf(list), { split });
  });
}

/** Members that are not among the whole of the bans go; where there are none at all they stay until they end. */
export async function takeBans(
  context: HostContext,
  declared: DeclaredSet,
  { isWhole, added, removed }: FeedBans,
): Promise<SetChangeOutcome> {
  return await changeByFeed(context, declared, (work, split) => {
    if (isWhole && added.length > 0) work.keep(added.map(({ prefix }) => prefix));
    work.remove(removed);
    for (const { prefix, seconds, note } of added) work.add([prefix], { seconds, note, split, replace: isWhole });
  });
}

/** Throws LockHeld where a command changes the host at the moment. */
async function changeByFeed(
  context: HostContext,
  declared: DeclaredSet,
  change: (work: SetWork, split: boolean) => void,
): Promise<SetChangeOutcome> {
  const { feed, blocks } = declared;
  const never = [...listExcluded(feed?.exclude ?? []), ...(blocks ? await listNeverBanned(context) : [])];
  using _lock = context.store.lockForMembers(0);
  const kernel = openKernelSets();
  const work = new SetWork(context, declared, kernel, never);
  change(work, feed?.split === true);
  return work.finish();
}
