/** `xdpol status`: what is attached where, and since when. */
import { Command } from 'commander';
import type { Attachment } from '../../engine/attachment.ts';
import { newestGeneration, readAttachments } from '../../engine/attachment.ts';
import type { Direction } from '../../engine/program.ts';
import { DIRECTIONS } from '../../engine/program.ts';
import type { Assignment } from '../../store/store.ts';
import { PolicyStore } from '../../store/store.ts';
import { jsonOption, withExamples } from '../options.ts';
import { print, printJson, table, warn } from '../output.ts';
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

function run(options: StatusOptions): void {
  requireRoot('status');
  const assignment = new PolicyStore().assignment();
  const attachments = readAttachments();
  const isChosen = ({ direction }: OpenHook): boolean => assignment?.ingressOnly === true && direction === 'egress';
  const open = openHooks(assignment, attachments);
  const gaps = open
    .filter((hook) => !isChosen(hook))
    .map(({ name, direction }) => `${name} ${direction} is not filtered`);
  if (options.json === true) {
    const generation = newestGeneration(attachments);
    printJson({
      assigned: assignment ?? null,
      policy: generation?.policy ?? null,
      generation: generation?.generation ?? null,
      interfaces: attachments.map(plain),
      gaps,
    });
    return;
  }
  print(
    assignment === undefined
      ? 'no policy is assigned'
      : `assigned: ${assignment.policy}, version ${assignment.version}, ${assignment.hash.slice(0, 12)}`,
  );
  if (attachments.length > 0) print(`\n${render(attachments)}`);
  for (const { name, direction } of open.filter(isChosen))
    print(`${name} ${direction} is not filtered, by choice: --ingress-only`);
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
