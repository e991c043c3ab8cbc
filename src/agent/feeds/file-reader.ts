/** A file of this host. What is still being written is not read: it has to stay as it is for a moment. */
import type { FSWatcher } from 'node:fs';
import { statSync, watch } from 'node:fs';
import { dirname } from 'node:path';
import { BadFeed } from '../../host/live-sets/load-feed.ts';
import { readRegularFile } from '../../host/read-regular-file.ts';
import type { FeedSource } from '../../policy/feed.ts';
import type { FeedLook, FeedReader } from './feed-source.ts';

const SETTLED_MS = 1000;
/** The last line of a list that is cut off may be the beginning of another address. */
const SETTLED_UNENDED_MS = 10_000;
const LINE_END = 10;

export class FileReader implements FeedReader {
  readonly pause: number = 1;
  readonly pauseAfterFailure: number = 1;
  readonly #path: string;
  readonly #now: () => number;
  readonly #watcher: FSWatcher | undefined;
  #seen: { readonly stamp: string; readonly at: number } | undefined;

  /** `onChange` is called when something in the file's folder changes; where that is not told, looks find it. */
  constructor(
    { path }: Extract<FeedSource, { kind: 'file' }>,
    onChange: () => void = () => undefined,
    now: () => number = () => performance.now(),
  ) {
    this.#path = path;
    this.#now = now;
    this.#watcher = watchFolder(path, onChange);
  }

  look(mark: string | null): Promise<FeedLook> {
    return Promise.resolve(this.#lookNow(mark));
  }

  #lookNow(mark: string | null): FeedLook {
    const stamp = this.#stamp();
    if (stamp === mark) return { kind: 'same' };
    if (this.#seen?.stamp !== stamp) this.#seen = { stamp, at: this.#now() };
    const age = this.#now() - this.#seen.at;
    if (age < SETTLED_MS) return { kind: 'wait' };
    const bytes = readRegularFile(this.#path);
    if (!(bytes instanceof Uint8Array)) throw new BadFeed(`it cannot be read: ${bytes.error}`);
    const isEnded = bytes.length === 0 || bytes.at(-1) === LINE_END || bytes[0] === 0x1f;
    if (this.#stamp() !== stamp || (!isEnded && age < SETTLED_UNENDED_MS)) return { kind: 'wait' };
    return { kind: 'list', bytes, mark: stamp };
  }

  #stamp(): string {
    try {
      const { ino, size, mtimeNs } = statSync(this.#path, { bigint: true });
      return `${ino} ${size} ${mtimeNs}`;
    } catch (error) {
      throw new BadFeed(`it cannot be read: ${(error as NodeJS.ErrnoException).code}`);
    }
  }

  [Symbol.dispose](): void {
    this.#watcher?.close();
  }
}

/** A file that is replaced by another is none that a watch of the file itself would tell of. */
function watchFolder(path: string, onChange: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(dirname(path), { persistent: false }, onChange);
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}
