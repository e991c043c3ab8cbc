/** Small policies as lines of the stream, so that hosts need not fetch them. Each is made once for all hosts. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FollowLine } from '../front-routes.ts';
import type { KeptBlobs } from './kept-blobs.ts';

/** Bytes of a packed policy: as a line it fits what HTTP/2 lets a stream send before the host has read any of it. */
const MOST_PACKED = 32_768;
/** Milliseconds for the store to give a policy: what else there is to tell waits meanwhile. */
const PATIENCE = 1000;
const MOST_KEPT = 16;

export class PolicyLines {
  readonly #blobs: KeptBlobs;
  /** undefined: hosts fetch it. */
  readonly #kept = new Map<string, Buffer | undefined>();

  constructor(blobs: KeptBlobs) {
    this.#blobs = blobs;
  }

  /** undefined where the policy is too large, damaged, or not there in time. */
  async lineOf(sha256: string): Promise<Buffer | undefined> {
    if (!this.#kept.has(sha256)) this.#keep(sha256, await this.#read(sha256));
    return this.#kept.get(sha256);
  }

  #keep(sha256: string, line: Buffer | undefined): void {
    this.#kept.set(sha256, line);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MOST_KEPT && oldest !== undefined) this.#kept.delete(oldest);
  }

  async #read(sha256: string): Promise<Buffer | undefined> {
    const packed = await inTime(this.#blobs.get(sha256));
    if (packed === undefined || packed.length > MOST_PACKED) return undefined;
    const line: FollowLine = { kind: 'policy', sha256, packed: Buffer.from(packed).toString('base64') };
    return Buffer.from(`${JSON.stringify(line)}\n`);
  }
}

async function inTime<T>(asked: Promise<T>): Promise<T | undefined> {
  const answered = new AbortController();
  const late = sleep(PATIENCE, undefined, { signal: answered.signal });
  const both = [asked, late].map((one) => one.catch(() => undefined));
  const first = await Promise.race(both);
  answered.abort();
  return first ?? undefined;
}
