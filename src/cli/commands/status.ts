/** `xdpol status`: what is attached where, and since when. */
import { Command } from 'commander';
import type { Attachment } from '../../engine/attachment.ts';
import { newestGeneration, readAttachments } from '../../engine/attachment.ts';
import type { Generation } from '../../engine/generation.ts';
import type { Direction } from '../../engine/program.ts';
import { DIRECTIONS } from '../../engine/program.ts';
import type { Action } from '../../policy/model.ts';
import { pidOf } from '../../store/process-name.ts';
import type { Assignment } from '../../store/store.ts';
import { DYNAMIC_POLICY, PolicyStore } from '../../store/store.ts';
import { jsonOption, withExamples } from '../options.ts';
import { print, printJson, table, warn } from '../output.ts';
import type { Overlay } from '../overlay.ts';
import { readOverlay } from '../overlay.ts';
import { requireRoot } from '../privileges.ts';

interface StatusOptions {
  readonly json?: boolean;
}

interface OpenHook {
  readonly name: string;
  readonly direction: Direction;
}

/** Hooks of the assigned policy's interfaces that are open. */
function openHooks(assignment: Assignment | undefined, attachments: readonly Attachment[]): OpenHook[] {
  return (assignment?.interfaces ?? []).flatMap((name) => {
    const hooks = attachments.find((attachment) => attachment.name === name)?.hooks ?? [];
    const open = DIRECTIONS.filter((direction) => !hooks.some((hook) => hook.direction === direction));
    return open.map((direction) => ({ name, direction }));
  });
}

function plain({ name, ifindex, mode, hooks }: Attachment): Record<string, unknown> {
  return {
    name,
    ifindex,
    mode: mode ?? null,
    hooks: hooks.map(({ direction, kind, programId, programTag, generation }) => ({
      direction,
      hook: kind,
      program: { id: programId, tag: programTag },
      policy: generation?.policy ?? null,
      hash: generation?.hash ?? null,
      generation: generation?.generation ?? null,
      since: generation?.appliedAt ?? null,
    })),
  };
}

function render(attachments: readonly Attachment[]): string {
  const rows = attachments.flatMap(({ name, mode, hooks }) =>
    hooks.map(({ direction, kind, programId, programTag, generation }) => [
      name,
      direction,
      kind === 'xdp' ? `xdp ${mode ?? 'detached'}` : kind,
      generation?.policy ?? 'not ours',
      String(generation?.generation ?? ''),
      generation?.appliedAt ?? '',
      `${programId} ${programTag}`,
    ]),
  );
  const titles = ['INTERFACE', 'DIRECTION', 'HOOK', 'POLICY', 'GENERATION', 'SINCE', 'PROGRAM'];
  return table(
    titles.map((title) => ({ title })),
    rows,
  );
}

/** Dynamic rules as what is in force has them, and the agent that they end with. */
interface DynamicStatus {
  readonly rules: readonly { readonly name: string; readonly action: Action; readonly filters: number }[];
  /** Its process; null where it is gone. */
  readonly agent: number | null;
}

function dynamicStatus(generation: Generation | undefined, { agent, rules: kept }: Overlay): DynamicStatus {
  const names = new Set(generation?.dynamic ?? []);
  const rules = (generation?.rules ?? []).filter(({ name }) => names.has(name));
  return {
    rules: rules.map(({ name, action, filters }) => ({ name, action, filters })),
    agent: agent === undefined || kept.length === 0 ? null : pidOf(agent),
  };
}

function dynamicLines({ rules, agent }: DynamicStatus): readonly string[] {
  if (rules.length === 0) return [];
  const named = rules.map(({ name, action }) => `${name}, ${action}`).join('; ');
  return [`dynamic: ${named}: ${agent === null ? 'no agent stands for them' : `until process ${agent} stops`}`];
}

/** Where what is in force and what should be are not the same. */
function dynamicWarnings({ rules, agent }: DynamicStatus, { rules: kept }: Overlay): readonly string[] {
  if (rules.length > 0 && agent === null) {
    const which = rules.map(({ name }) => name).join(', ');
    return [`dynamic rules that no agent stands for are still in force: ${which}: xdpol restore ends them`];
  }
  const wanted = kept.flatMap((rule) => rule.rules).length;
  return wanted === rules.length ? [] : ['the dynamic rules in force are not those of the store: xdpol restore'];
}

/** After a crash between the two, or where the assignment was damaged. */
function assignmentWarnings(generation: Generation | undefined, assignment: Assignment | undefined): readonly string[] {
  if (generation === undefined || (assignment === undefined && generation.policy === DYNAMIC_POLICY)) return [];
  const { policy, hash, dynamic } = generation;
  const isSame = policy === assignment?.policy && (dynamic !== undefined || hash === assignment.hash);
  if (isSame) return [];
  const text = policy === assignment?.policy ? `another version of ${policy}` : policy;
  return [`${text} is in force, and not assigned: the next boot does not bring it back: xdpol assign '${policy}'`];
}

function run(options: StatusOptions): void {
  requireRoot('status');
  const store = new PolicyStore();
  const assignment = store.assignment();
  const overlay = readOverlay(store);
  const attachments = readAttachments();
  const isChosen = ({ direction }: OpenHook): boolean => assignment?.ingressOnly === true && direction === 'egress';
  const open = openHooks(assignment, attachments);
  const gaps = open
    .filter((hook) => !isChosen(hook))
    .map(({ name, direction }) => `${name} ${direction} is not filtered`);
  const generation = newestGeneration(attachments);
  const dynamic = dynamicStatus(generation, overlay);
  const warnings = [...dynamicWarnings(dynamic, overlay), ...assignmentWarnings(generation, assignment)];
  if (options.json === true) {
    printJson({
      assigned: assignment ?? null,
      policy: generation?.policy ?? null,
      generation: generation?.generation ?? null,
      dynamic,
      interfaces: attachments.map(plain),
      gaps,
      warnings,
    });
    return;
  }
  print(
    assignment === undefined
      ? 'no policy is assigned'
      : `assigned: ${assignment.policy}, version ${assignment.version}, ${assignment.hash.slice(0, 12)}`,
  );
  for (const line of dynamicLines(dynamic)) print(line);
  if (attachments.length > 0) print(`\n${render(attachments)}`);
  for (const { name, direction } of open.filter(isChosen))
    print(`${name} ${direction} is not filtered, by choice: --ingress-only`);
  for (const warning of warnings) warn(`warning: ${warning}`);
  for (const gap of gaps)
    warn(`warning: ${gap}: xdpol apply '${assignment?.policy ?? ''}' -i ${gap.split(' ')[0] ?? ''}`);
}

export function statusCommand(): Command {
  const command = new Command('status')
    .description('what is attached where, and since when')
    .addOption(jsonOption())
    .action(run);
  return withExamples(command, 'xdpol status', 'xdpol status --json');
}
