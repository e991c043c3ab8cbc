/** What a feed is read by. */
import type { FeedBans } from '../../host/live-sets/load-feed.ts';

export type FeedLook =
  /** The source has what it had. */
  | { readonly kind: 'same' }
  /** Somebody is writing it. */
  | { readonly kind: 'wait' }
  | { readonly kind: 'list'; readonly bytes: Uint8Array; readonly mark: string }
  | { readonly kind: 'bans'; readonly bans: FeedBans };

export interface FeedReader extends Disposable {
  /** Seconds from one look to the next while all goes well, and the first of those after a failure. */
  readonly pause: number;
  readonly pauseAfterFailure: number;
  /** `mark` is that of the list that was taken last. Throws BadFeed. */
  look(mark: string | null, stop: AbortSignal): Promise<FeedLook>;
  /** What the last look found is in force. */
  confirm?(): void;
}
