/** One scrape at a time, whoever asks: those who come while one runs get its answer. */

/** Makes calls of `work` with the same key share the result of the one that is running. */
export function shareRunning<Key, Result>(work: (key: Key) => Promise<Result>): (key: Key) => Promise<Result> {
  const running = new Map<Key, Promise<Result>>();
  return (key) => {
    const found = running.get(key);
    if (found !== undefined) return found;
    const started = work(key).finally(() => running.delete(key));
    running.set(key, started);
    return started;
  };
}
