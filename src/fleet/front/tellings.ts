/**
 * What hosts are told, written in the order in which it came up. With a policy it is written to a few hosts at a time, so
 * that the front never holds the policy once for each host, and has time for others between them.
 */
import type { ServerHttp2Stream } from 'node:http2';
import type { PolicyLines } from './policy-lines.ts';

/** Hosts to which a policy is being written. */
const AT_ONCE = 64;
/** Milliseconds after which the others no longer wait for a host that does not read. */
const LONGEST = 1000;
/** Bytes that wait for a host that does not read: then its stream ends, and it begins again. */
const MOST_WAITING = 8_388_608;

export interface Telling {
  readonly stream: ServerHttp2Stream;
  /** Lines with their ends. */
  readonly text: string;
  /** SHA-256 of the policy that comes along where it is small. */
  readonly policy: string | undefined;
}

export class Tellings {
  readonly #policies: PolicyLines;
  readonly #waiting: Telling[] = [];
  #isRunning = false;
  #writing = 0;
  /** Goes on when a policy is written. */
  #goOn: () => void = () => undefined;

  constructor(policies: PolicyLines) {
    this.#policies = policies;
  }

  add(tellings: readonly Telling[]): void {
    this.#waiting.push(...tellings);
    if (!this.#isRunning) void this.#run();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      // Whoever has not read what came before fetches the policy later.
      const isReading = next.stream.writableLength === 0;
      const policy = next.policy !== undefined && isReading ? await this.#policies.lineOf(next.policy) : undefined;
      if (policy !== undefined) await this.#turn();
      if (next.stream.destroyed) continue;
      if (policy === undefined) write(next);
      else this.#writeWith(policy, next);
    }
    this.#isRunning = false;
  }

  async #turn(): Promise<void> {
    if (this.#writing < AT_ONCE) return;
    await new Promise<void>((resolve) => {
      this.#goOn = resolve;
    });
  }

  #writeWith(policy: Buffer, telling: Telling): void {
    this.#writing += 1;
    let isOver = false;
    const end = (): void => {
      clearTimeout(late);
      if (isOver) return;
      isOver = true;
      this.#writing -= 1;
      this.#goOn();
    };
    const late = setTimeout(end, LONGEST);
    telling.stream.cork();
    telling.stream.write(policy);
    write(telling, end);
    telling.stream.uncork();
  }
}

function write({ stream, text }: Telling, written?: () => void): void {
  stream.write(text, written);
  if (stream.writableLength > MOST_WAITING) stream.close();
}
