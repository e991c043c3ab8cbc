/**
 * Packets for the pre-flight, each with what the reference classifier decides: it shares nothing with the tables, so a
 * fault of the compiler shows as well as one of the program. First packets of the default, then for each rule and
 * family one that the rule decides, then one of each further filter, until the time is over.
 */
import { present } from '../base/assert.ts';
import type { Family } from '../base/ip.ts';
import type { DecidedBy } from '../policy/classify.ts';
import { ReferenceClassifier } from '../policy/classify.ts';
import type { Verdict } from '../policy/model.ts';
import { decodePacket } from '../policy/packet/decode.ts';
import { encodePacket } from '../policy/packet/encode.ts';
import type { Packet } from '../policy/packet/model.ts';
import { formatPacket } from '../policy/packet/text.ts';
import type { CompiledPolicy } from './compile.ts';
import type { DirectedFilter } from './conditions/expand.ts';
import { packetFor, strangers } from './sample.ts';

/** A frame and what the policy says of it. */
export interface Probe {
  readonly frame: Uint8Array;
  /** The packet in words, for messages. */
  readonly text: string;
  readonly verdict: Verdict;
  readonly by: DecidedBy;
  /** null where no rule decides. */
  readonly rule: string | null;
}

export interface ProbeBound {
  /** Milliseconds from any start. */
  readonly clock: () => number;
  readonly milliseconds: number;
}

/** Packets tried for one rule and family until the rule decides one. */
const TRIES = 6;
/** Packets judged at a time; between them the clock is asked. */
const BATCH = 64;
const FAMILIES: readonly Family[] = [4, 6];
/** Filters are taken in this many rounds, each spread over the whole ranking, because time may end them early. */
const ROUNDS = 16;

export function probesOf(compiled: CompiledPolicy, bound: ProbeBound): readonly Probe[] {
  const judge = new Judge(compiled, bound);
  let goals = [...FAMILIES.map(defaultGoal), ...ruleGoals(compiled)];
  for (let attempt = 0; attempt < TRIES && goals.length > 0; attempt++) goals = judge.pursue(goals, attempt);
  judge.pursue([...spread(compiled.ranked)].map(filterGoal), 0);
  return judge.probes;
}

/** A decision to find a packet for. */
interface Goal {
  /** undefined where there is no such packet. */
  readonly packet: (attempt: number) => Packet | undefined;
  readonly isMet: (probe: Probe) => boolean;
}

function defaultGoal(family: Family): Goal {
  const packets = strangers(family);
  return { packet: (attempt) => packets[attempt], isMet: ({ by }) => by === 'default' };
}

function filterGoal(directed: DirectedFilter): Goal {
  return { packet: () => packetFor(directed), isMet: () => true };
}

function ruleGoals({ policy, ranked }: CompiledPolicy): readonly Goal[] {
  return [...spread([...byRule(ranked)])].flatMap(([ruleIndex, directed]) => {
    const { name } = present(policy.rules[ruleIndex]);
    return FAMILIES.map((family) => {
      const own = directed.filter((one) => (one.source.family ?? one.destination.family ?? family) === family);
      return { packet: (attempt) => candidate(own, family, attempt), isMet: ({ rule }) => rule === name };
    });
  });
}

/** A packet of the first filter, of the last and of some between: other filters may come before any of them. */
function candidate(directed: readonly DirectedFilter[], family: Family, attempt: number): Packet | undefined {
  const count = Math.min(TRIES, directed.length);
  const at = Math.floor(((attempt % count) * (directed.length - 1)) / Math.max(1, count - 1));
  const one = directed[at];
  return one === undefined ? undefined : packetFor(one, { family, variant: Math.floor(attempt / count) });
}

class Judge {
  readonly probes: Probe[] = [];
  readonly #reference: ReferenceClassifier;
  readonly #interface: string | undefined;
  readonly #clock: () => number;
  readonly #end: number;
  readonly #seen = new Set<string>();
  /** The first batch is judged however long it takes. */
  #isOver = false;

  constructor({ policy, host, interfaceName }: CompiledPolicy, { clock, milliseconds }: ProbeBound) {
    // Pre-flights run without members.
    this.#reference = new ReferenceClassifier(policy, { ...host, members: undefined });
    this.#interface = interfaceName;
    this.#clock = clock;
    this.#end = clock() + milliseconds;
  }

  /** Judges one packet for each goal; every one is a probe. Returns the goals that it did not meet. */
  pursue(goals: readonly Goal[], attempt: number): Goal[] {
    const missed: Goal[] = [];
    for (let from = 0; from < goals.length; from += BATCH) {
      if (this.#isOver) return [];
      const batch = goals.slice(from, from + BATCH);
      const probes = this.#judge(batch.map((goal) => this.#framed(goal.packet(attempt))));
      for (const [i, goal] of batch.entries()) {
        const probe = probes[i];
        if (probe === undefined || !goal.isMet(probe)) missed.push(goal);
      }
      this.#isOver = this.#clock() > this.#end;
    }
    return missed;
  }

  /** undefined where the packet is a probe already, or no frame is that packet: an IPv6 header that names an extension is followed by it. */
  #framed(packet: Packet | undefined): Framed | undefined {
    if (packet === undefined) return undefined;
    const text = formatPacket(packet);
    if (this.#seen.has(text)) return undefined;
    this.#seen.add(text);
    const frame = encodePacket(packet);
    const decoded = decodePacket(frame);
    if (decoded.kind !== 'packet' || formatPacket(decoded.packet) !== text) return undefined;
    return { frame, text, packet: decoded.packet };
  }

  #judge(batch: readonly (Framed | undefined)[]): readonly (Probe | undefined)[] {
    const framed = batch.filter((one) => one !== undefined);
    const packets = framed.map(({ packet }) => packet);
    const decisions = this.#reference.classifyAll(packets, { interface: this.#interface });
    const byFramed = new Map(
      framed.map(({ frame, text }, i) => {
        const { verdict, by, rule } = present(decisions[i]);
        return [text, { frame, text, verdict, by, rule }] as const;
      }),
    );
    this.probes.push(...byFramed.values());
    return batch.map((one) => (one === undefined ? undefined : byFramed.get(one.text)));
  }
}

interface Framed {
  readonly frame: Uint8Array;
  readonly text: string;
  readonly packet: Packet;
}

function byRule(ranked: readonly DirectedFilter[]): ReadonlyMap<number, readonly DirectedFilter[]> {
  const rules = new Map<number, DirectedFilter[]>();
  for (const directed of ranked) {
    const known = rules.get(directed.ruleIndex);
    if (known === undefined) rules.set(directed.ruleIndex, [directed]);
    else known.push(directed);
  }
  return rules;
}

function* spread<T>(all: readonly T[]): Generator<T> {
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = round; i < all.length; i += ROUNDS) yield present(all[i]);
  }
}
