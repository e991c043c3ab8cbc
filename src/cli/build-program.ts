/** The verbs of `xdpol`, and the program made of them. */
import { Command, Option } from 'commander';
import { VERSION } from '../base/version.ts';

type LoadCommand = () => Promise<Command>;

/** Verbs are loaded when they are asked for: `check` needs neither the kernel bindings nor Prometheus. */
const VERBS: Readonly<Record<string, LoadCommand>> = {
  check: async () => (await import('./commands/check.ts')).checkCommand(),
  explain: async () => (await import('./commands/explain.ts')).explainCommand(),
  compile: async () => (await import('./commands/compile.ts')).compileCommand(),
  fmt: async () => (await import('./commands/fmt.ts')).fmtCommand(),
  import: async () => (await import('./commands/import.ts')).importCommand(),
  bench: async () => (await import('./commands/bench.ts')).benchCommand(),
  replay: async () => (await import('./commands/replay.ts')).replayCommand(),
  apply: async () => (await import('./commands/apply.ts')).applyCommand(),
  status: async () => (await import('./commands/status.ts')).statusCommand(),
  counters: async () => (await import('./commands/counters.ts')).countersCommand(),
  list: async () => (await import('./commands/list.ts')).listCommand(),
  show: async () => (await import('./commands/show.ts')).showCommand(),
  history: async () => (await import('./commands/history.ts')).historyCommand(),
  diff: async () => (await import('./commands/diff.ts')).diffCommand(),
  confirm: async () => (await import('./commands/confirm.ts')).confirmCommand(),
  rollback: async () => (await import('./commands/rollback.ts')).rollbackCommand(),
  assign: async () => (await import('./commands/assign.ts')).assignCommand(),
  unassign: async () => (await import('./commands/unassign.ts')).unassignCommand(),
  restore: async () => (await import('./commands/restore.ts')).restoreCommand(),
  install: async () => (await import('./commands/install.ts')).installCommand(),
  uninstall: async () => (await import('./commands/install.ts')).uninstallCommand(),
  delete: async () => (await import('./commands/delete.ts')).deleteCommand(),
  ipsecpol: async () => (await import('./commands/ipsecpol.ts')).ipsecpolCommand(),
  set: async () => (await import('./commands/set.ts')).setCommand(),
  doctor: async () => (await import('./commands/doctor.ts')).doctorCommand(),
  events: async () => (await import('./commands/events.ts')).eventsCommand(),
  capture: async () => (await import('./commands/capture.ts')).captureCommand(),
  top: async () => (await import('./commands/top.ts')).topCommand(),
  audit: async () => (await import('./commands/audit.ts')).auditCommand(),
  promote: async () => (await import('./commands/promote.ts')).promoteCommand(),
  report: async () => (await import('./commands/report.ts')).reportCommand(),
  host: async () => (await import('./commands/host.ts')).hostCommand(),
  pki: async () => (await import('./commands/pki.ts')).pkiCommand(),
  fleet: async () => (await import('./commands/fleet.ts')).fleetCommand(),
  console: async () => (await import('./commands/console.ts')).consoleCommand(),
  agent: async () => (await import('./commands/agent.ts')).agentCommand(),
  completion: async () => (await import('./commands/completion.ts')).completionCommand(),
  complete: async () => (await import('./commands/completion.ts')).completeCommand(),
};

/** What the completion scripts ask; people have no use for it. */
const HIDDEN: ReadonlySet<string> = new Set(['complete']);

export const VERB_NAMES: readonly string[] = Object.keys(VERBS).filter((name) => !HIDDEN.has(name));

/** Those that work on another host too, where --host names one. */
export const ANYWHERE: ReadonlySet<string> = new Set([
  'check',
  'console',
  'explain',
  'diff',
  'doctor',
  'apply',
  'assign',
  'unassign',
  'confirm',
  'rollback',
  'restore',
  'delete',
  'set',
  'status',
  'counters',
  'top',
  'events',
  'capture',
  'report',
  'audit',
  'promote',
  'list',
  'show',
  'history',
  'ipsecpol',
]);

const EPILOG = `
Examples:
  xdpol check edge.yaml                         read it, report every mistake
  xdpol explain edge.yaml 'tcp 203.0.113.9:40000 -> 192.0.2.1:80'
  xdpol apply edge.yaml -i eth0                 put it in force
  xdpol counters --watch

Exit codes: 0 ok, 1 environment, 2 usage, 3 policy errors.`;

/** With the asked verb alone where there is one of that name, else with all; `bare`: with none. */
export async function buildProgram(
  verb: string | undefined,
  { bare = false }: { readonly bare?: boolean } = {},
): Promise<Command> {
  const program = new Command('xdpol')
    .description('Packet-filter policies for Linux hosts: the most specific filter decides, XDP applies it.')
    .version(VERSION)
    .addOption(
      new Option(
        '--host <name>',
        'run the verb on this known host, over the network (xdpol host); stands before the verb',
      ),
    )
    .addHelpText('after', EPILOG);
  const known = verb === undefined ? undefined : VERBS[verb];
  const load = bare ? [] : known === undefined ? Object.values(VERBS) : [known];
  for (const command of await Promise.all(load.map((loadOne) => loadOne())))
    program.addCommand(command, { hidden: HIDDEN.has(command.name()) });
  // Verbs have a --version of their own.
  program.enablePositionalOptions().exitOverride().configureHelp({ sortSubcommands: false });
  for (const command of program.commands) endByThrowing(command, `xdpol ${command.name()}`);
  return program;
}

/** A mistake in a command line is thrown, by the verbs of a verb too. */
function endByThrowing(command: Command, words: string): void {
  command.exitOverride().showHelpAfterError(`(see ${words} --help)`);
  for (const part of command.commands) endByThrowing(part, `${words} ${part.name()}`);
}
