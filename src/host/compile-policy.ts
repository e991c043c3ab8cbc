/** Compiling for this host: one compilation for interfaces that have the same rules. */
import { performance } from 'node:perf_hooks';
import { PolicyRejected } from '../base/policy-rejected.ts';
import { refuseContradictions } from '../compiler/analysis/warnings.ts';
import type { CompiledPolicy } from '../compiler/compile.ts';
import { compile } from '../compiler/compile.ts';
import { appliesTo } from '../compiler/conditions/expand.ts';
import { refuseTooManyFilters } from '../compiler/too-large.ts';
import type { Report } from './context.ts';
import type { ReadyPolicy } from './ready-policy.ts';
import { withProgress } from './report-progress.ts';

/** What the compiler finds is added to the policy's diagnostics. Throws PolicyRejected with all of them. */
export function compileFor(
  { policy, host, diags }: Pick<ReadyPolicy, 'policy' | 'host' | 'diags'>,
  interfaceName: string | undefined,
  report: Report = () => undefined,
): CompiledPolicy {
  if (refuseTooManyFilters(policy, host, diags)) throw new PolicyRejected(diags.all);
  refuseContradictions(policy, host, diags);
  const compiled = diags.failed
    ? undefined
    : withProgress(report, `compiling ${policy.name}`, (progress) =>
        compile(policy, host, diags, { interfaceName, clock: () => performance.now(), progress }),
      );
  if (compiled === undefined || diags.failed) throw new PolicyRejected(diags.all);
  return compiled;
}

/** By interface name. */
export function compileForInterfaces(
  ready: ReadyPolicy,
  names: readonly string[],
  report: Report,
): ReadonlyMap<string, CompiledPolicy> {
  const byRules = new Map<string, CompiledPolicy>();
  const rulesOn = (name: string): string =>
    ready.policy.rules.map((rule) => (appliesTo(rule.interfaces, name) ? '1' : '0')).join('');
  return new Map(
    names.map((name) => {
      const key = rulesOn(name);
      const compiled = byRules.get(key) ?? compileFor(ready, name, report);
      byRules.set(key, compiled);
      return [name, compiled];
    }),
  );
}
