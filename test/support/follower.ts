/** `xdpol events` or `xdpol capture` while it runs. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HostEvent, SampleEvent } from '../../src/host/events.ts';
import type { NamespacePair, Side } from './namespaces.ts';

/** A verb that follows samples, with what it has printed so far. */
export class Follower {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #output = '';
  errors = '';

  /** On the host of the pair, unless it is said where. */
  constructor(pair: NamespacePair, argv: readonly string[], side: Side = pair.host) {
    this.#child = pair.spawn(side, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      this.#output += chunk.toString();
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.errors += chunk.toString();
    });
    this.#ended = once(this.#child, 'close');
  }

  get lines(): readonly string[] {
    return this.#output.split('\n').filter((line) => line !== '');
  }

  get samples(): readonly SampleEvent[] {
    return this.lines
      .map((line) => JSON.parse(line) as HostEvent)
      .filter((event): event is SampleEvent => event.kind === 'sample');
  }

  /** Sends until it prints, as it begins to follow at a moment of its own. */
  async sendUntil(send: () => void, isEnough: () => boolean): Promise<void> {
    for (let i = 0; i < 100 && !isEnough() && this.#child.exitCode === null; i++) {
      send();
      await sleep(100);
    }
    if (!isEnough()) throw new Error(`nothing came: ${this.#output}${this.errors}`);
  }

  async end(signal: NodeJS.Signals = 'SIGINT'): Promise<number | null> {
    this.#child.kill(signal);
    await this.#ended;
    return this.#child.exitCode;
  }

  async ended(): Promise<number | null> {
    await this.#ended;
    return this.#child.exitCode;
  }
}
