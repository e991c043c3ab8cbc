/** Traffic that a policy drops, all of it: frames that pass would measure the stack behind. */
import type { BpfProgram } from 'libbpf-ts-bindings';
import type { Random } from '../../src/base/random.ts';
import type { Generator } from '../../src/measure/generator.ts';
import type { Traffic, Tuple } from '../../src/measure/tuple.ts';
import type { BenchPolicy } from '../policies.ts';

const XDP_DROP = 1;
const BATCH = 4096;
/** Traffics of which nothing is permitted by construction. */
const BLOCKED: ReadonlySet<string> = new Set(['default-blocked', 'listed', 'members']);
/** Of an access list, the frames that its program drops. */
const SCREENED = 'hit';

export function blockedTraffic(bench: BenchPolicy, generator: Generator, xdpol: BpfProgram): readonly Traffic[] {
  if (bench.form !== 'acl') return bench.traffic.filter(({ name }) => BLOCKED.has(name));
  return bench.traffic
    .filter(({ name }) => name === SCREENED)
    .map((traffic) => ({ name: `${traffic.name}, dropped`, tuple: screenTraffic(traffic, generator, xdpol) }));
}

/** Draws from the traffic what the policy's program drops. */
function screenTraffic(traffic: Traffic, generator: Generator, xdpol: BpfProgram): Traffic['tuple'] {
  let waiting: Tuple[] = [];
  return (random) => {
    while (waiting.length === 0) waiting = droppedOf(traffic, generator, xdpol, random);
    return waiting.pop() ?? traffic.tuple(random);
  };
}

function droppedOf(traffic: Traffic, generator: Generator, xdpol: BpfProgram, random: Random): Tuple[] {
  const tuples = Array.from({ length: BATCH }, () => traffic.tuple(random));
  const frames = tuples.map((tuple) => generator.frameOf(tuple));
  const lengths = Uint32Array.from(frames, ({ length }) => length);
  const offsets = Uint32Array.from(frames, ({ length }, i) => i * length);
  const { retvals } = xdpol.testRunMany(new Uint8Array(Buffer.concat(frames)), offsets, lengths);
  return tuples.filter((_, i) => retvals[i] === XDP_DROP);
}
