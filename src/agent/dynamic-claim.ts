/**
 * One agent of a store is the one that dynamic rules last as long as. While it lives they stay; when it stops in order it
 * takes them away; when it was killed they are the next one's.
 */
import type { HostContext } from '../host/context.ts';
import { endDynamicRules } from '../host/end-dynamic-rules.ts';
import { namesOf, readOverlay } from '../host/overlay.ts';
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

  /**
   * Unless another agent lives. Takes over the rules of one that was killed, and ends what an earlier boot left. Registers
   * again where the file that names this agent was lost or damaged.
   */
  async take(): Promise<void> {
    const { store } = this.#context;
    if (this.#isOwn() || this.#isAnothers()) return;
    using _lock = store.lock();
    if (this.#isAnothers()) return;
    if (!this.#isHeld) await this.#settle();
    store.dynamic.register();
    this.#isHeld = true;
  }

  async #settle(): Promise<void> {
    const { store } = this.#context;
    const { rules, areOrphaned } = readOverlay(store);
    if (areOrphaned) {
      store.dynamic.write({ agent: ownName(), rules });
      this.#log.info(`dynamic rules of an agent that was killed stay in force: ${namesOf(rules)}`);
      return;
    }
    const now = await endDynamicRules(this.#context);
    if (now !== undefined) await this.#report(`dynamic rules of an agent that is gone have ended: ${now}`);
  }

  /** Dynamic rules end with it. */
  async giveBack(): Promise<void> {
    const { store } = this.#context;
    if (!this.#isHeld) return;
    this.#isHeld = false;
    using _lock = store.lock(STOP_PATIENCE);
    if (this.#isAnothers()) return;
    try {
      const now = await endDynamicRules(this.#context);
      if (now !== undefined) await this.#report(`dynamic rules have ended: ${now}`);
    } finally {
      // Where they could not be ended: the next policy comes in force without them, and no agent takes them over.
      store.dynamic.remove();
    }
    store.dynamic.deregister();
  }

  async #report(text: string): Promise<void> {
    this.#log.info(text);
    await recordDuty(this.#context, 'end dynamic rules', text);
  }

  #isOwn(): boolean {
    return this.#isHeld && this.#context.store.dynamic.agent() === ownName();
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
