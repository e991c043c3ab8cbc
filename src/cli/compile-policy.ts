/** Compiling for verbs: one compilation for interfaces that have the same rules, refusals printed. */
import { performance } from 'node:perf_hooks';
import { refuseContradictions } from '../compiler/analysis/analyse.ts';
import type { CompiledPolicy } from '../compiler/compile.ts';
import { compile } from '../compiler/compile.ts';
import { appliesTo } from '../compiler/conditions/expand.ts';
import { PolicyRejected } from './exit.ts';
import type { ReadyPolicy } from './options.ts';
import { rejectIfFailed } from './options.ts';

export function compileFor({ policy, host, diags }: ReadyPolicy, interfaceName: string | undefined): CompiledPolicy {
  const printed = diags.all.length;
  refuseContradictions(policy, host, diags);
  rejectIfFailed(diags, printed);
  const compiled = compile(policy, host, diags, { interfaceName, clock: () => performance.now() });
  rejectIfFailed(diags, printed);
  if (compiled === undefined) throw new PolicyRejected();
  return compiled;
}

/** By interface name. */
export function compileForInterfaces(
  ready: ReadyPolicy,
  names: readonly string[],
): ReadonlyMap<string, CompiledPolicy> {
  const byRules = new Map<string, CompiledPolicy>();
  const rulesOn = (name: string): string =>
    ready.policy.rules.map((rule) => (appliesTo(rule.interfaces, name) ? '1' : '0')).join('');
  return new Map(
    names.map((name) => {
      const key = rulesOn(name);
      const compiled = byRules.get(key) ?? compileFor(ready, name);
      byRules.set(key, compiled);
      return [name, compiled];
    }),
  );
}
