/**
 * One agent of a store is the one that dynamic rules last as long as. While it lives they stay; when it stops in order it
 * takes them away; when it was killed the next one does.
 */
import { newestGeneration, readAttachments } from '../engine/attachment.ts';
import { ownName, pidOf } from '../store/process-name.ts';
import type { PolicyStore } from '../store/store.ts';
import { endFiltering } from './end-filtering.ts';
import { filteredForRulesAlone, readOverlay } from './overlay.ts';
import { restoreStanding, standingPolicy } from './restore.ts';

/** Seconds that an agent that stops waits for a command that changes something: a large policy takes a while to compile. */
const STOP_PATIENCE = 30;

/**
 * Puts the assigned policy alone in force, or ends filtering where dynamic rules were alone. Returns what is in force then;
 * undefined where there was no dynamic rule. The caller holds the store's lock.
 */
export async function endDynamicRules(store: PolicyStore): Promise<string | undefined> {
  const { rules, stale } = readOverlay(store);
  const attachments = readAttachments();
  const inForce = newestGeneration(attachments);
  if (rules.length + stale.length === 0 && inForce?.dynamic === undefined) return undefined;
  if (filteredForRulesAlone(store, attachments))
    return `no longer filtered: ${endFiltering(store).interfaces.join(', ')}`;
  let now = 'nothing was filtered for them';
  if (inForce?.dynamic !== undefined) {
    const { policy, generation } = await restoreStanding(store, await standingPolicy(store), [], 0);
    now = `${policy} alone in force, generation ${generation ?? 'none'}`;
  }
  if (rules.length + stale.length > 0) store.dynamic.remove();
  return now;
}

export class AgentClaim {
  readonly #store: PolicyStore;
  readonly #log: (line: string) => void;
  #isHeld = false;
  #other = '';

  constructor(store: PolicyStore, log: (line: string) => void) {
    this.#store = store;
    this.#log = log;
  }

  /** Unless another agent lives. Ends what one that is gone left. */
  async take(): Promise<void> {
    if (this.#isHeld || this.#isAnothers()) return;
    using _lock = this.#store.lock();
    if (this.#isAnothers()) return;
    const now = await endDynamicRules(this.#store);
    if (now !== undefined) this.#log(`dynamic rules of an agent that is gone have ended: ${now}`);
    this.#store.dynamic.register();
    this.#isHeld = true;
  }

  /** Dynamic rules end with it. */
  async giveBack(): Promise<void> {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    using _lock = this.#store.lock(STOP_PATIENCE);
    if (this.#store.dynamic.agent() !== ownName()) return;
    const now = await endDynamicRules(this.#store);
    if (now !== undefined) this.#log(`dynamic rules have ended: ${now}`);
    this.#store.dynamic.deregister();
  }

  #isAnothers(): boolean {
    const { agent } = readOverlay(this.#store);
    if (agent === undefined || agent === ownName()) return false;
    if (agent !== this.#other) this.#log(`dynamic rules are with another agent of this store, process ${pidOf(agent)}`);
    this.#other = agent;
    return true;
  }
}
