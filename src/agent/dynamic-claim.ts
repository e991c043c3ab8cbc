/**
 * One agent of a store is the one that dynamic rules last as long as. While it lives they stay; when it stops in order it
 * takes them away; when it was killed the next one does.
 */
import type { HostContext } from '../host/context.ts';
import { endDynamicRules } from '../host/end-dynamic-rules.ts';
import { readOverlay } from '../host/overlay.ts';
import { recordDuty } from '../host/record-changes.ts';
import { ownName, pidOf } from '../store/process-name.ts';
import type { AgentLog } from './log.ts';

/** Seconds that an agent that stops waits for a command that changes something: a large policy takes a while to compile. */
const STOP_PATIENCE = 30;

export class DynamicClaim {
  readonly #context: HostContext;
  readonly #log: AgentLog;
  #isHeld = false;
  #other = '';

  constructor(context: HostContext, log: AgentLog) {
    this.#context = context;
    this.#log = log;
  }

  /** Unless another agent lives. Ends what one that is gone left. */
  async take(): Promise<void> {
    const { store } = this.#context;
    if (this.#isHeld || this.#isAnothers()) return;
    using _lock = store.lock();
    if (this.#isAnothers()) return;
    const now = await endDynamicRules(this.#context);
    if (now !== undefined) await this.#report(`dynamic rules of an agent that is gone have ended: ${now}`);
    store.dynamic.register();
    this.#isHeld = true;
  }

  /** Dynamic rules end with it. */
  async giveBack(): Promise<void> {
    const { store } = this.#context;
    if (!this.#isHeld) return;
    this.#isHeld = false;
    using _lock = store.lock(STOP_PATIENCE);
    if (store.dynamic.agent() !== ownName()) return;
    const now = await endDynamicRules(this.#context);
    if (now !== undefined) await this.#report(`dynamic rules have ended: ${now}`);
    store.dynamic.deregister();
  }

  async #report(text: string): Promise<void> {
    this.#log.info(text);
    await recordDuty(this.#context, 'end dynamic rules', text);
  }

  #isAnothers(): boolean {
    const { agent } = readOverlay(this.#context.store);
    if (agent === undefined || agent === ownName()) return false;
    const pid = pidOf(agent);
    if (agent !== this.#other) {
      this.#log.warning(`dynamic rules are with another agent of this store, process ${pid}`, { other: pid });
    }
    this.#other = agent;
    return true;
  }
}
