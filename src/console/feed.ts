/** What a screen follows while it is there and seen. */
import { useEffect, useMemo, useState } from 'preact/hooks';

export interface Feed {
  /** Called again when the page is hidden or seen. */
  readonly follow: () => void;
  readonly stop: () => void;
}

/** The screen is drawn again whenever the feed says that something has changed. */
export function useFeed<T extends Feed>(create: (onChange: () => void) => T): T {
  const [, setVersion] = useState(0);
  const feed = useMemo(() => create(() => setVersion((version) => version + 1)), []);
  useEffect(() => {
    const follow = (): void => feed.follow();
    follow();
    document.addEventListener('visibilitychange', follow);
    return () => {
      document.removeEventListener('visibilitychange', follow);
      feed.stop();
    };
  }, [feed]);
  return feed;
}
