/** From a compiled policy to one in force, on an interface that is filtered already; and the flip of a link alone. */
import { join } from 'node:path';
import type { NetworkInterface } from 'libbpf-ts-bindings';
import { openPinnedLink } from 'libbpf-ts-bindings';
import { present } from '../../src/base/assert.ts';
import type { CompiledPolicy } from '../../src/compiler/compile.ts';
import type { Direction } from '../../src/engine/program.ts';
import { createCounters, DIRECTIONS, loadPolicy } from '../../src/engine/program.ts';
import { policySlots, SlotRegistry } from '../../src/engine/slots.ts';
import { readAttachments } from '../../src/engine/survey.ts';
import { PolicyTables } from '../../src/engine/tables.ts';
import { spreadOf } from '../../src/measure/statistics.ts';
import type { Effort } from '../effort.ts';
import type { Figure } from '../figure.ts';
import { figure } from '../figure.ts';
import { benchPolicy, compiledPolicy } from '../policies.ts';
import { apply, makeDevice } from './in-force.ts';

const FLIPS_A_ROUND = 4;

export function measureSwap(policy: string, effort: Effort): readonly Figure[] {
  const bench = benchPolicy(policy);
  const compiled = compiledPolicy(bench.policy);
  const device = makeDevice();
  apply([device], compiled);
  const applied = Array.from({ length: effort.rounds }, () => timeOf(() => apply([device], compiled)));
  checkInForce(device, compiled, effort.rounds + 1);
  const flips = flipTimes(device, compiled, effort.rounds * FLIPS_A_ROUND);
  const about = { section: 'swap', policy, size: bench.size, traffic: '', subject: 'xdpol' } as const;
  return [
    figure(about, { quantity: 'compiled to in force', unit: 'ms' }, spreadOf(applied), effort.rounds),
    ...DIRECTIONS.map((direction) => {
      const quantity = direction === 'ingress' ? 'XDP flip' : 'tcx flip';
      return figure(about, { quantity, unit: 'ms' }, spreadOf(flips[direction]), flips[direction].length);
    }),
  ];
}

function timeOf(work: () => void): number {
  const started = performance.now();
  work();
  return performance.now() - started;
}

/** Every apply was a generation of its own, at both hooks. */
function checkInForce(device: NetworkInterface, { policy }: CompiledPolicy, generation: number): void {
  const hooks = present(readAttachments().find(({ name }) => name === device.name)).hooks;
  const good = hooks.filter(
    (hook) => hook.generation?.generation === generation && hook.generation.policy === policy.name,
  );
  if (good.length !== DIRECTIONS.length) throw new Error(`${device.name}: generation ${generation} is not in force`);
}

/** The pinned links between two programs of the same policy. */
function flipTimes(device: NetworkInterface, compiled: CompiledPolicy, flips: number): Record<Direction, number[]> {
  const { directory } = present(readAttachments().find(({ name }) => name === device.name));
  const registry = new SlotRegistry();
  const slots = policySlots(registry, compiled.policy);
  using counters = createCounters(registry.size);
  using tables = new PolicyTables(compiled, slots);
  using a = loadPolicy({ compiled, tables, counters });
  using b = loadPolicy({ compiled, tables, counters });
  const times: Record<Direction, number[]> = { ingress: [], egress: [] };
  for (const direction of DIRECTIONS) {
    using link = openPinnedLink(join(directory, direction));
    for (let flip = 0; flip < flips; flip++) {
      const program = (flip % 2 === 0 ? a : b).program(direction);
      times[direction].push(timeOf(() => link.update(program)));
      if (link.programId !== program.id) throw new Error(`${direction}: the link did not flip`);
    }
  }
  return times;
}
