/** What the engine needs of a compiled policy: small enough to be kept in a file, whole enough to be put in force. */

import type { Action, Verdict } from '../policy/model.ts';
import { decodePacket } from '../policy/packet/decode.ts';
import { encodePacket } from '../policy/packet/encode.ts';
import { exemptionOf } from '../policy/packet/exemption.ts';
import type { Packet } from '../policy/packet/model.ts';
import { formatPacket } from '../policy/packet/text.ts';
import type { CompiledPolicy, Shape, TableName } from './compile.ts';
import { decidingRank, packetFor } from './sample.ts';

/** A policy's names: what counters and the record of a generation are kept by. */
export interface PolicyOutline {
  readonly name: string;
  readonly default: Action;
  readonly rules: readonly RuleOutline[];
}

export interface RuleOutline {
  readonly name: string;
  readonly action: Action;
  readonly filterList: { readonly name: string; readonly filters: { readonly length: number } };
}

/** The numbers of a shape, without its tables. */
export interface ShapeNumbers
  extends Pick<Shape, Exclude<keyof Shape, 'src4' | 'dst4' | 'src6' | 'dst6' | 'rules4' | 'rules6'>> {
  readonly src4: Pick<Shape['src4'], 'indexed' | 'rootBounds' | 'filtered'>;
  readonly dst4: ShapeNumbers['src4'];
  readonly src6: Pick<Shape['src6'], 'lines' | 'rootBounds'> & {
    readonly blocks: Pick<Shape['src6']['blocks'], 'levels' | 'filterShift' | 'bucketShift'>;
  };
  readonly dst6: ShapeNumbers['src6'];
  readonly rules4: Pick<Shape['rules4'], 'modeNumber' | 'dstClasses' | 'bucketMask'>;
  readonly rules6: ShapeNumbers['rules4'];
}

/** A compiled policy is one; so is what was read back from a file. */
export interface LoadableTables {
  readonly policy: PolicyOutline;
  /** By rank: the index of the rule whose filter it is. */
  readonly ranked: readonly { readonly ruleIndex: number }[];
  readonly shape: ShapeNumbers;
  readonly tables: ReadonlyMap<TableName, Uint8Array>;
}

/** A frame and what the ranking says of it. */
export interface Probe {
  readonly frame: Uint8Array;
  /** The packet in words, for messages. */
  readonly text: string;
  readonly verdict: Verdict;
  /** null where no rule decides. */
  readonly rule: string | null;
}

export interface LoadablePolicy extends LoadableTables {
  readonly probes: readonly Probe[];
}

/** Filters whose packets are sent, spread over the ranking from the first to the last. */
const PROBES = 12;

/** Packets of the policy's own filters with the decision that each must meet. */
export function probesOf(compiled: CompiledPolicy): readonly Probe[] {
  const { ranked } = compiled;
  const count = Math.min(PROBES, ranked.length);
  const ranks = Array.from({ length: count }, (_, i) => Math.floor((i * (ranked.length - 1)) / Math.max(1, count - 1)));
  return ranks.flatMap((rank) => {
    const directed = ranked[rank];
    return directed === undefined ? [] : probe(compiled, packetFor(directed));
  });
}

/** None where no frame is that packet: an IPv6 header that names an extension is followed by it. */
function probe({ policy, ranked }: CompiledPolicy, packet: Packet): readonly Probe[] {
  const frame = encodePacket(packet);
  const text = formatPacket(packet);
  const decoded = decodePacket(frame);
  if (decoded.kind !== 'packet' || formatPacket(decoded.packet) !== text) return [];
  if (exemptionOf(packet, policy.exemptions) !== undefined) return [{ frame, text, verdict: 'pass', rule: null }];
  const directed = ranked[decidingRank(ranked, packet)];
  const verdict = (directed?.action ?? policy.default) === 'permit' ? 'pass' : 'drop';
  const rule = directed === undefined ? null : (policy.rules[directed.ruleIndex]?.name ?? null);
  return [{ frame, text, verdict, rule }];
}

export function loadableOf(compiled: CompiledPolicy): LoadablePolicy {
  return { ...compiled, probes: probesOf(compiled) };
}
