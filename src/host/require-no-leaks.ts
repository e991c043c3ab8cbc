/** What doctor finds on the interfaces of a change: where packets would go unfiltered, nothing is put in force. */
import { EnvironmentError } from '../base/environment-error.ts';
import { readAttachments } from '../engine/survey.ts';
import type { HostContext } from './context.ts';
import type { Finding } from './doctor/finding.ts';

export interface LeakRequest {
  /** To be filtered with this change. */
  readonly names: readonly string[];
  /** A leak is reported as a warning. */
  readonly isForced: boolean;
}

/** Looks at the interfaces as `doctor` does. Throws as `judgeLeaks` does. */
export async function requireNoLeaks({ report }: HostContext, { names, isForced }: LeakRequest): Promise<void> {
  const [{ gatherInterfaces }, { examineInterface }] = await Promise.all([
    import('./doctor/gather-interfaces.ts'),
    import('./doctor/examine.ts'),
  ]);
  const found = gatherInterfaces(names, names).flatMap(examineInterface);
  const tolerated = isForced ? names : readAttachments().map(({ name }) => name);
  for (const text of judgeLeaks(found, tolerated)) report({ kind: 'warning', text });
}

/**
 * Throws EnvironmentError where an interface would leak. On `tolerated` ones a leak is a warning, which is returned: who is
 * filtered already leaks whether the policy changes or not.
 */
export function judgeLeaks(findings: readonly Finding[], tolerated: readonly string[]): readonly string[] {
  const leaks = findings.filter((finding) => finding.leaks === true);
  const refused = leaks.find(({ interface: name = '' }) => !tolerated.includes(name));
  if (refused === undefined) return leaks.map(({ what, why }) => `${what}: ${why}`);
  const { interface: name = '', what, why, advice = `see: xdpol doctor -i ${name}` } = refused;
  throw new EnvironmentError('XDPOL_E_LEAK', `${what}: ${why}`, {
    help: `${advice}; or filter it anyway: --force`,
  });
}
