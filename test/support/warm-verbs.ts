/** The test's end of a process that runs one verb after another, see verb-server.ts. */
import type { ChildProcess } from 'node:child_process';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { ownProcess } from './own-process.ts';

export interface VerbRequest {
  /** From the path of the program's launcher on. */
  readonly argv: readonly string[];
  /** All of the environment. */
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

export interface VerbAnswer {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Milliseconds. */
const POLL = 1;
const LONGEST_VERB = 170_000;
const CHUNK = 1 << 16;

/** Starts a command; it ends with what `WarmVerbs` belongs to. */
type Start = (argv: readonly string[]) => ChildProcess;

export class WarmVerbs implements Disposable {
  readonly #child: ChildProcess;
  readonly #requests: number;
  readonly #answers: number;
  readonly #chunk = Buffer.alloc(CHUNK);

  /** `path` is the start of the names of two FIFOs. */
  constructor(path: string, start: Start) {
    const [requests, answers] = [`${path}.requests`, `${path}.answers`];
    execFileSync('mkfifo', [requests, answers]);
    this.#answers = openSync(answers, constants.O_RDONLY | constants.O_NONBLOCK);
    // For both ends: it opens at once, whenever the process comes.
    this.#requests = openSync(requests, constants.O_RDWR);
    this.#child = start(ownProcess('verb-server', requests, answers));
  }

  run(request: VerbRequest): VerbAnswer {
    writeSync(this.#requests, `${JSON.stringify(request)}\n`);
    const line = this.#readLine(request.argv.join(' '));
    return JSON.parse(line) as VerbAnswer;
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL');
    closeSync(this.#requests);
    closeSync(this.#answers);
  }

  #readLine(what: string): string {
    const parts: Buffer[] = [];
    const end = Date.now() + LONGEST_VERB;
    while (Date.now() < end) {
      const part = this.#readSome();
      parts.push(part);
      if (part.at(-1) === 0x0a) return Buffer.concat(parts).toString();
      if (part.length > 0) continue;
      if (this.#hasEnded()) throw new Error(`the process that runs verbs ended: ${what}`);
      pause(POLL);
    }
    throw new Error(`no answer: ${what}`);
  }

  #readSome(): Buffer {
    try {
      return Buffer.from(this.#chunk.subarray(0, readSync(this.#answers, this.#chunk)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      return Buffer.alloc(0);
    }
  }

  /** This thread waits, so that no event says so. */
  #hasEnded(): boolean {
    try {
      return /\) [ZX]/u.test(readFileSync(join('/proc', String(this.#child.pid), 'stat'), 'latin1'));
    } catch {
      return true;
    }
  }
}

function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
