/** Test packets through new programs before they go live: what was verified and filled must also decide rightly. */
import { EnvironmentError } from '../base/environment-error.ts';
import type { CompiledPolicy } from '../compiler/compile.ts';
import { decidingRank, packetFor } from '../compiler/sample.ts';
import type { Decision } from '../policy/classify.ts';
import type { Packet } from '../policy/packet.ts';
import { encodePacket } from '../policy/packet-encode.ts';
import { exemptionOf } from '../policy/packet-exemption.ts';
import { formatPacket } from '../policy/packet-text.ts';
import { DIRECTIONS } from './program.ts';
import { Replayer } from './replay.ts';
import type { PolicySlots } from './slots.ts';
import { verdictOf } from './slots.ts';
import type { PolicyTables } from './tables.ts';

/** Filters whose packets are sent, spread over the ranking from the first to the last. */
const SAMPLES = 12;

function samples({ ranked }: CompiledPolicy): Packet[] {
  const count = Math.min(SAMPLES, ranked.length);
  return Array.from({ length: count }, (_, i) =>
    Math.floor((i * (ranked.length - 1)) / Math.max(1, count - 1)),
  ).flatMap((rank) => {
    const directed = ranked[rank];
    return directed === undefined ? [] : [packetFor(directed)];
  });
}

type Expected = Pick<Decision, 'verdict' | 'rule'>;

function expected({ policy, ranked }: CompiledPolicy, packet: Packet): Expected {
  if (exemptionOf(packet, policy.exemptions) !== undefined) return { verdict: 'pass', rule: null };
  const directed = ranked[decidingRank(ranked, packet)];
  if (directed === undefined) return { verdict: verdictOf(policy.default), rule: null };
  return { verdict: verdictOf(directed.action), rule: policy.rules[directed.ruleIndex]?.name ?? null };
}

/** Throws where a program over these tables decides a packet otherwise than the ranking says. Touches no live counter. */
export function preflight(compiled: CompiledPolicy, tables: PolicyTables, slots: PolicySlots): void {
  const packets = samples(compiled);
  const frames = packets.map(encodePacket);
  for (const direction of DIRECTIONS) {
    using replayer = new Replayer(compiled, direction, { tables, slots });
    for (const [i, decision] of replayer.run(frames).entries()) {
      const packet = packets[i];
      if (packet === undefined) continue;
      const { verdict, rule } = expected(compiled, packet);
      if (decision?.verdict === verdict && decision.rule === rule) continue;
      const found = `${decision?.verdict ?? 'nothing'} by ${decision?.rule ?? decision?.by ?? 'nothing'}`;
      throw new EnvironmentError(
        `pre-flight failed at ${direction}: for ${formatPacket(packet)} the program says ${found}, the policy ${verdict} by ${rule ?? 'default'}`,
        { help: 'the new program was not attached; please report this with the policy' },
      );
    }
  }
}
