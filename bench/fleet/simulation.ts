/** Simulated agents in a few processes, and what happened to them. */
import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { AgentEvent, Begin, EventKind } from './messages.ts';
import { CONFIRM } from './messages.ts';

const SCRIPT = fileURLToPath(new URL('simulate.ts', import.meta.url));
const LEAST_PROCESSES = 2;
const MOST_AGENTS = 2500;

export interface Wanted {
  readonly kind: EventKind;
  /** Hosts of which it must be heard. */
  readonly count: number;
  /** Unix time, from which it counts. */
  readonly since: number;
  /** Of the order; any where it is not given. */
  readonly seq?: number;
  /** Milliseconds after which it is given up. */
  readonly patience: number;
}

export class Simulation implements Disposable {
  readonly #children: readonly ChildProcess[];
  readonly #listeners = new Set<(event: AgentEvent) => void>();
  /** Of all hosts. */
  #returns = 0;
  #isConfirming = false;
  /** When a policy that waits to be confirmed was put in force last, by host. */
  readonly begunAt: Map<string, number> = new Map();

  constructor({ agents, ...shared }: Begin) {
    const count = Math.max(LEAST_PROCESSES, Math.ceil(agents.length / MOST_AGENTS));
    this.#children = Array.from({ length: count }, (_, at) => {
      const child = fork(SCRIPT, { execArgv: ['--import', 'tsx'], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
      child.on('message', (events) => this.#take(events as readonly AgentEvent[]));
      child.send({ ...shared, agents: agents.filter((_one, place) => place % count === at) });
      return child;
    });
  }

  get processes(): number {
    return this.#children.length;
  }

  /** From now on hosts confirm what they are ordered. */
  confirm(): void {
    this.#isConfirming = true;
    for (const child of this.#children) child.send(CONFIRM);
  }

  get isConfirming(): boolean {
    return this.#isConfirming;
  }

  /** The first time of each host, by host. Listens at once. Rejects with how many came where not all did in time. */
  async heard({ kind, count, since, seq, patience }: Wanted): Promise<ReadonlyMap<string, number>> {
    const found = new Map<string, number>();
    return await new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(late);
        this.#listeners.delete(listen);
      };
      const listen = (event: AgentEvent): void => {
        const isIt = event.kind === kind && event.at >= since && (seq === undefined || event.seq === seq);
        if (!isIt || found.has(event.host)) return;
        found.set(event.host, event.at);
        if (found.size < count) return;
        end();
        resolve(found);
      };
      const late = setTimeout(() => {
        end();
        reject(new Error(`${kind}: ${found.size} of ${count} hosts within ${patience / 1000} s`));
      }, patience);
      this.#listeners.add(listen);
    });
  }

  /** How often a host went back to the policy before, because it did not get through to a front in time. */
  get returns(): number {
    return this.#returns;
  }

  #take(events: readonly AgentEvent[]): void {
    for (const event of events) {
      if (event.kind === 'returned') this.#returns += 1;
      if (event.kind === 'begun') this.begunAt.set(event.host, event.at);
      for (const listen of this.#listeners) listen(event);
    }
  }

  [Symbol.dispose](): void {
    for (const child of this.#children) child.disconnect();
  }
}
