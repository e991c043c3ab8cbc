/** What `status` prints, for people and for programs. */
import type { DynamicStatus, HostStatus, InterfaceStatus, OpenHook } from '../../host/status.ts';
import { pendingLine } from './pending.ts';
import { shortHash } from './short-hash.ts';
import { table } from './table.ts';

export function statusJson({ openByChoice: _, gaps, ...status }: HostStatus): unknown {
  const { warnings, ...rest } = status;
  return { ...rest, gaps: gaps.map(gapText), warnings };
}

function gapText({ name, direction, isMissing }: OpenHook): string {
  return `${name} ${direction} is not filtered${isMissing ? ': there is no such interface' : ''}`;
}

export function statusLines({ assigned, pending, dynamic, interfaces, openByChoice }: HostStatus): readonly string[] {
  const first =
    assigned === null
      ? 'no policy is assigned'
      : `assigned: ${assigned.policy}, version ${assigned.version}, ${shortHash(assigned.hash)}`;
  return [
    first,
    ...(pending === null ? [] : [pendingLine(pending)]),
    ...dynamicLines(dynamic),
    ...(interfaces.length === 0 ? [] : [`\n${hooksTable(interfaces)}`]),
    ...openByChoice.map((hook) => `${gapText(hook)}, by choice: --ingress-only`),
  ];
}

export function statusWarnings({ assigned, warnings, gaps }: HostStatus): readonly string[] {
  const policy = assigned?.policy ?? '';
  const advice = ({ name, isMissing }: OpenHook): string => (isMissing ? '' : `: xdpol apply '${policy}' -i ${name}`);
  return [...warnings, ...gaps.map((gap) => `${gapText(gap)}${advice(gap)}`)];
}

function dynamicLines({ rules, agent }: DynamicStatus): readonly string[] {
  if (rules.length === 0) return [];
  const named = rules.map(({ name, action }) => `${name}, ${action}`).join('; ');
  return [`dynamic: ${named}: ${agent === null ? 'no agent stands for them' : `until process ${agent} stops`}`];
}

function hooksTable(interfaces: readonly InterfaceStatus[]): string {
  const rows = interfaces.flatMap(({ name, mode, hooks }) =>
    hooks.map(({ direction, hook, program, policy, generation, since }) => [
      name,
      direction,
      hook === 'xdp' ? `xdp ${mode ?? 'detached'}` : hook,
      policy ?? 'not ours',
      String(generation ?? ''),
      since ?? '',
      `${program.id} ${program.tag}`,
    ]),
  );
  const titles = ['INTERFACE', 'DIRECTION', 'HOOK', 'POLICY', 'GENERATION', 'SINCE', 'PROGRAM'];
  return table(
    titles.map((title) => ({ title })),
    rows,
  );
}
