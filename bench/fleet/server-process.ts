/** A process whose CPU time and memory are read: a front, or etcd. It ends with the bench, however that ends. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** Of /proc/PID/stat, in a second: the kernel's USER_HZ. */
const TICKS = 100;
/** Words of /proc/PID/stat behind the name. */
const USER_TIME = 11;
const SYSTEM_TIME = 12;

export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  constructor(argv: readonly string[]) {
    this.#child = spawn('setpriv', ['--pdeathsig', 'KILL', ...argv], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#ended = once(this.#child, 'exit');
  }

  /** Until it prints a line. Throws where it ends before. */
  async firstLine(): Promise<void> {
    const { stdout } = this.#child;
    if (stdout === null) return;
    const lines = createInterface(stdout);
    const said = await Promise.race([once(lines, 'line').then(() => true), this.#ended.then(() => false)]);
    if (!said) throw new Error(`${this.#child.spawnargs.join(' ')} ended at once`);
  }

  /** Seconds of CPU time since it began. */
  get cpu(): number {
    const text = readFileSync(`/proc/${this.#child.pid}/stat`, 'utf8');
    const words = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return (Number(words[USER_TIME]) + Number(words[SYSTEM_TIME])) / TICKS;
  }

  /** Resident bytes. */
  get memory(): number {
    const text = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(?<kib>\d+) kB$/mu.exec(text)?.groups?.['kib']) * 1024;
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}
