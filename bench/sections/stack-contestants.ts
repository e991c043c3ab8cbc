/** Peers behind the stack, set up side by side, each in a namespace of its own. */
import { present } from '../../src/base/assert.ts';
import type { Generator } from '../../src/measure/generator.ts';
import type { Decision } from '../../src/policy/classify.ts';
import { iptables } from '../peers/iptables.ts';
import { nftables, nftablesDrop } from '../peers/nftables.ts';
import type { Cannot, Counts, Expression, StackPeer } from '../peers/peer.ts';
import { isCannot, missingTools } from '../peers/peer.ts';
import { stackPolicy } from '../peers/stack-policy.ts';
import type { BenchPolicy } from '../policies.ts';
import { WrongVerdict } from '../verdicts.ts';
import { awaitHandled, countHandled, StackLanes } from './lanes.ts';
import type { Contestant } from './live-rounds.ts';

/** Every receiver needs it. */
const ETHTOOL = { command: 'ethtool', package: 'ethtool' } as const;
const DROP_ALL = 'nft drop all';

/** A peer for the receivers of these names. */
export type PeerFor = (devices: readonly string[]) => StackPeer;
const PEERS: readonly PeerFor[] = [
  nftablesDrop,
  (devices) => nftables('netdev', devices),
  (devices) => nftables('raw', devices),
  () => iptables(),
];

/** A peer that is set up. Its rules and sets go with its namespace when it is disposed. */
export interface StackContestant extends Contestant, Disposable {
  /** What it has decided since the last call: nobody else sends to it. Reading counters next to a large set takes seconds. */
  readonly since: () => Counts;
}

export interface StackContestants extends Disposable {
  readonly ready: readonly StackContestant[];
  /** Peers without figures, and why. */
  readonly cannot: ReadonlyMap<string, string>;
}

export function stackContestants(
  bench: BenchPolicy,
  cpus: number,
  peers: readonly PeerFor[] = PEERS,
): StackContestants {
  const ready: StackContestant[] = [];
  const cannot = new Map<string, string>();
  const dispose = (): void => {
    for (const contestant of ready) contestant[Symbol.dispose]();
  };
  try {
    for (const [i, peerFor] of peers.entries()) {
      const name = `p${i}`;
      const peer = peerFor(Array.from({ length: cpus }, (_, lane) => `${name}-in${lane}`));
      const result = setUp(peer, bench, name, cpus);
      if (isCannot(result)) cannot.set(peer.name, result.cannot);
      else ready.push(result);
    }
  } catch (error) {
    dispose();
    throw error;
  }
  return { ready, cannot, [Symbol.dispose]: dispose };
}

function setUp(peer: StackPeer, bench: BenchPolicy, name: string, cpus: number): StackContestant | Cannot {
  const missing = missingTools([...peer.tools, ETHTOOL]);
  if (missing !== undefined) return missing;
  const policy = stackPolicy(bench);
  if (isCannot(policy)) return policy;
  const expression = peer.express(policy);
  if (isCannot(expression)) return expression;
  const lanes = new StackLanes(name, cpus);
  try {
    const started = performance.now();
    for (const [argv, input] of expression.commands) lanes.run(argv, input);
    return contestant(peer, lanes, expression, performance.now() - started);
  } catch (error) {
    lanes[Symbol.dispose]();
    if (isTimeout(error)) return { cannot: 'did not take the policy within two minutes' };
    throw error;
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ETIMEDOUT';
}

function contestant(peer: StackPeer, lanes: StackLanes, expression: Expression, loadMs: number): StackContestant {
  let last: Counts = { dropped: 0, passed: 0 };
  const since = (): Counts => {
    const now = expression.counts(lanes.run);
    const difference = { dropped: now.dropped - last.dropped, passed: now.passed - last.passed };
    last = now;
    return difference;
  };
  const loaded = `loaded in ${(loadMs / 1000).toFixed(2)} s`;
  return {
    name: peer.name,
    lanes: lanes.all,
    since,
    note: expression.note === '' ? loaded : `${expression.note}; ${loaded}`,
    enter: () => undefined,
    watch: () => (frames) => {
      const { dropped, passed } = since();
      if (passed !== 0 || dropped !== frames)
        throw new WrongVerdict(`${peer.name}: of ${frames} frames dropped ${dropped}, passed ${passed}`);
    },
    [Symbol.dispose]: () => lanes[Symbol.dispose](),
  };
}

/** The peer's counters say of the ring's first frames what the reference classifier says. */
export function checkStack(
  { name, lanes, since }: StackContestant,
  generator: Generator,
  expected: readonly Decision[],
  what: string,
): void {
  if (name === DROP_ALL) return;
  const lane = present(lanes[0]);
  const arrived = countHandled(lane);
  generator.rewind();
  generator.sendTo(lane.ifindex, expected.length);
  awaitHandled(lane, arrived, expected.length);
  const found = since();
  const dropped = expected.filter(({ verdict }) => verdict === 'drop').length;
  if (found.dropped === dropped && found.passed === expected.length - dropped) return;
  throw new WrongVerdict(
    `${name}: ${what}: dropped ${found.dropped} and passed ${found.passed} of ${expected.length}, expected ${dropped} drops`,
  );
}
