/** A policy put on trial beside the one in force, which alone decides. */
import type { Diagnostic } from '../../base/diagnostics.ts';
import { EnvironmentError } from '../../base/environment-error.ts';
import type { Omitted } from '../../compiler/analysis/warnings.ts';
import { findAuditPrograms } from '../../engine/audit/audit-programs.ts';
import { endAudit, startAudit } from '../../engine/audit/interface-audit.ts';
import { makePinRoot } from '../../engine/bpffs.ts';
import { LiveOfApply } from '../../engine/live/live-of-apply.ts';
import { tidyLiveTables } from '../../engine/live/live-tables-in-use.ts';
import type { Attachment } from '../../engine/survey.ts';
import { newestGeneration, readAttachments } from '../../engine/survey.ts';
import type { HostContext } from '../context.ts';
import { presentInterfaces } from '../interfaces.ts';
import { declareSetsOnTrial, liveClassesIn } from '../live-sets/declare-sets.ts';
import { readOverlay } from '../overlay.ts';
import type { PolicyInput } from '../policy-input.ts';
import type { PreparedPolicy } from '../prepare-policy.ts';
import { preparePolicy } from '../prepare-policy.ts';

export interface AuditRequest {
  readonly input: PolicyInput;
}

export interface AuditStarted {
  readonly policy: string;
  readonly version: number;
  readonly hash: string;
  readonly interfaces: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
  readonly omitted: readonly Omitted[];
}

/** The policy is stored, not assigned. Another one that was on trial ends. */
export async function auditPolicy(context: HostContext, { input }: AuditRequest): Promise<AuditStarted> {
  const { store } = context;
  using _lock = store.lock();
  const attachments = readAttachments();
  requireAuditable(attachments);
  const devices = await presentInterfaces(attachments.map(({ name }) => name));
  const { rules } = readOverlay(store);
  const prepared = await preparePolicy(context, { input, rules, names: 'asked', isAnalysed: true }, devices);
  const { policy, textHash: hash, source, diagnostics, omitted } = prepared;
  const added = 'stored' in input || source === undefined ? undefined : store.add(policy, source);
  const version = added?.version ?? store.versions(policy).findLast((one) => one.hash === hash)?.version ?? 0;
  try {
    startAll(context, attachments, prepared);
  } catch (error) {
    if (added?.isNew === true) store.takeBack(policy, version);
    throw error;
  }
  return { policy, version, hash, interfaces: attachments.map(({ name }) => name), diagnostics, omitted };
}

function requireAuditable(attachments: readonly Attachment[]): void {
  if (attachments.length === 0) {
    throw new EnvironmentError(
      'XDPOL_E_NO_AUDIT',
      'no interface is filtered: there is nothing to compare a policy with',
      {
        help: 'put a policy in force first: xdpol apply POLICY -i eth0',
      },
    );
  }
  for (const { name, directory } of attachments) {
    using programs = findAuditPrograms(directory);
    if (programs !== undefined) continue;
    const message = `${name}: the policy in force was put there by a version that knows no audit`;
    throw new EnvironmentError('XDPOL_E_NO_AUDIT', message, { help: 'put it in force again: xdpol restore' });
  }
}

function startAll(
  context: HostContext,
  attachments: readonly Attachment[],
  { policy, textHash: hash, compiled }: PreparedPolicy,
): void {
  const policies = [...compiled.values()];
  const request = declareSetsOnTrial(context, liveClassesIn(policies), hash);
  const generation = newestGeneration(attachments)?.generation ?? 0;
  const about = { policy, hash, generation, appliedAt: new Date().toISOString() };
  try {
    using live = LiveOfApply.of(policies, request, makePinRoot());
    for (const attachment of attachments) {
      const one = compiled.get(attachment.name);
      if (one !== undefined) startAudit({ attachment, compiled: one, live: live?.program(one), about });
    }
  } catch (error) {
    for (const attachment of attachments) endAudit(attachment);
    request?.takeBack();
    throw error;
  } finally {
    tidyLiveTables();
  }
}

/** Names of the interfaces that a policy was on trial on. */
export function endAudits({ store }: HostContext): { readonly interfaces: readonly string[] } {
  using _lock = store.lock();
  const ended = readAttachments().filter((attachment) => endAudit(attachment));
  tidyLiveTables();
  return { interfaces: ended.map(({ name }) => name) };
}
