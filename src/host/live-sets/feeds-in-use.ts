/** Sets that have their members from a feed, and how that stands. */
import { formatDuration } from '../../base/duration.ts';
import type { Attachment } from '../../engine/survey.ts';
import { readAttachments } from '../../engine/survey.ts';
import { feedText } from '../../policy/feed.ts';
import type { DeclaredSet, PolicyStore } from '../../store/store.ts';
import { feedKey, NO_FEED_STATE } from '../../store/store.ts';
import { setsInUse } from './sets-in-use.ts';

/** Where the members come from. */
export interface ListedFeed {
  readonly source: string;
  /** Since the members were what the source has; null: they never were. */
  readonly ageSeconds: number | null;
  /** Why they may not be that now; null where they are. */
  readonly error: string | null;
  readonly failures: number;
}

/** Those that policies in force or on trial declare: of a policy that was replaced no feed is followed. */
export function feedsInUse(
  store: PolicyStore,
  attachments: () => readonly Attachment[] = readAttachments,
): readonly DeclaredSet[] {
  const fed = store.liveSets.declared().filter(({ feed }) => feed !== undefined);
  return setsInUse(fed, attachments);
}

/** null where the set has none. */
export function describeFeed(store: PolicyStore, declared: DeclaredSet): ListedFeed | null {
  if (declared.feed === undefined) return null;
  const state = store.feeds.read(declared.name);
  const { goodAt, error } = state.feed === feedKey(declared) ? state : NO_FEED_STATE;
  const ageSeconds = goodAt === null ? null : Math.max(0, Math.round((Date.now() - goodAt) / 1000));
  return { source: feedText(declared.feed), ageSeconds, error, failures: state.failures };
}

/** Of feeds that cannot be read: their sets keep the members that they had. */
export function feedWarnings(store: PolicyStore, attachments: readonly Attachment[]): readonly string[] {
  return feedsInUse(store, () => attachments).flatMap((declared) => {
    const feed = describeFeed(store, declared);
    if (feed === null || feed.error === null) return [];
    const { source, ageSeconds, error } = feed;
    const kept = ageSeconds === null ? 'has no list yet' : `keeps the list of ${formatDuration(ageSeconds)} ago`;
    return [`the live set ${declared.name} ${kept}: ${source}: ${error}`];
  });
}
