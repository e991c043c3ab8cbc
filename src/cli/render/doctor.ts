/**
 * Doctor's findings as text for people:
 *
 *   error: eth0: another XDP program holds the interface: xdp_drop (id 12, native)
 *     why: an interface has one XDP program, and a foreign one is never replaced: apply is refused
 *     fix: ip link set dev eth0 xdpdrv off
 */
import type { DoctorFinding, DoctorOutcome } from '../../host/doctor/diagnose.ts';
import type { FindingSeverity } from '../../host/doctor/finding.ts';

const SEVERITIES: readonly FindingSeverity[] = ['error', 'warning', 'note'];

export function renderDoctor({ interfaces, checks, findings }: DoctorOutcome): string {
  const ordered = SEVERITIES.flatMap((severity) => findings.filter((finding) => finding.severity === severity));
  return `${[...ordered.flatMap(renderFinding), renderSummary(interfaces, checks, findings)].join('\n')}\n`;
}

function renderFinding({ severity, what, why, advice, remedy, outcome }: DoctorFinding): readonly string[] {
  const lines = [`${severity}: ${replaceControls(what)}`, `  why: ${replaceControls(why)}`];
  if (remedy !== undefined) {
    const label = remedy.isSafe ? 'fix' : 'fix (may interrupt something: run it yourself)';
    lines.push(`  ${label}: ${replaceControls(remedy.command.join(' '))}`);
  }
  if (advice !== undefined) lines.push(`  help: ${replaceControls(advice)}`);
  if (outcome !== undefined)
    lines.push(outcome.mended ? '  mended' : `  not mended: ${replaceControls(outcome.reason)}`);
  return lines;
}

function renderSummary(interfaces: readonly string[], checks: number, findings: readonly DoctorFinding[]): string {
  const counted = SEVERITIES.map((severity) => {
    const count = findings.filter((finding) => finding.severity === severity).length;
    return { count, text: `${count} ${severity}${count === 1 ? '' : 's'}` };
  }).filter(({ count }) => count > 0);
  const found = counted.length === 0 ? 'nothing to mend' : counted.map(({ text }) => text).join(', ');
  const where = interfaces.length === 0 ? 'the host' : `the host and ${interfaces.join(', ')}`;
  return `${checks} checks of ${where}: ${found}`;
}

/** Names of programs and interfaces come from others: nothing that a terminal would obey. */
function replaceControls(text: string): string {
  return text.replaceAll(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
}
