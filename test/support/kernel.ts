/** Policies in the kernel, for tests: compiled, loaded, run, attached to nothing. */
import { Diagnostics } from '../../src/base/diagnostics.ts';
import type { CompiledPolicy, CompileOptions } from '../../src/compiler/compile.ts';
import { compile } from '../../src/compiler/compile.ts';
import type { Direction } from '../../src/engine/program.ts';
import { Replayer } from '../../src/engine/replay.ts';
import type { Decision } from '../../src/policy/classify.ts';
import type { HostAddresses, Policy } from '../../src/policy/model.ts';
import type { TestPacket } from './packets.ts';

export function compiled(policy: Policy, host: HostAddresses, options: CompileOptions = {}): CompiledPolicy {
  const diags = new Diagnostics();
  const result = compile(policy, host, diags, options);
  if (result === undefined) throw new Error(diags.all.map((d) => `${d.code} ${d.message}`).join('\n'));
  return result;
}

/** What the kernel program decides about each packet. */
export function runInKernel(
  policy: CompiledPolicy,
  packets: readonly TestPacket[],
  direction: Direction = 'ingress',
): readonly (Decision | undefined)[] {
  using replayer = new Replayer(policy, direction);
  return replayer.run(packets.map((packet) => packet.frame));
}
