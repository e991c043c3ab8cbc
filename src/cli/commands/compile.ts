/** `xdpol compile`: what the tables would be. */
import { Command } from 'commander';
import type { CompiledPolicy } from '../../compiler/compile.ts';
import { TABLE_NAMES } from '../../compiler/compile.ts';
import { tableEntries } from '../../compiler/table-entries.ts';
import { requireTests } from '../../host/require-tests.ts';
import { unknownInterfaceNotes } from '../../host/unknown-interface.ts';
import type { MeOptions } from '../options.ts';
import { jsonOption, meOption, POLICY_ARGUMENT, withExamples } from '../options.ts';
import { compileReady, readyArgument } from '../read-policy.ts';
import { binary, table } from '../render/table.ts';
import { print, printJson, warnAll } from '../render/terminal.ts';

interface CompileVerbOptions extends MeOptions {
  readonly json?: boolean;
  readonly interface?: string;
}

interface TableRow {
  readonly name: string;
  readonly entries: number;
  readonly bytes: number;
}

function tablesOf(compiled: CompiledPolicy): TableRow[] {
  return TABLE_NAMES.map((name) => {
    const entries = tableEntries(name, compiled);
    return { name, entries, bytes: compiled.tables.get(name)?.length ?? 4 * entries };
  });
}

function render(compiled: CompiledPolicy, rows: readonly TableRow[], bytes: number): string {
  const { statistics: s } = compiled;
  const used = rows.filter((row) => row.bytes > 0);
  const milliseconds = Object.entries(s.milliseconds).map(([pass, time]) => `${pass} ${time.toFixed(1)} ms`);
  return [
    `${compiled.policy.name}: ${s.filters} filters, ${s.directedFilters} directed filters`,
    `rules    IPv4 ${s.mode4}, IPv6 ${s.mode6}`,
    `classes  ${Object.entries(s.classes)
      .map(([what, count]) => `${what} ${count}`)
      .join(', ')}`,
    `passes   ${milliseconds.join(', ')}`,
    '',
    table(
      [{ title: 'TABLE' }, { title: 'ENTRIES', right: true }, { title: 'SIZE', right: true }],
      [...used.map((row) => [row.name, String(row.entries), binary(row.bytes)]), ['total', '', binary(bytes)]],
    ),
  ].join('\n');
}

async function run(argument: string, options: CompileVerbOptions): Promise<void> {
  const ready = await readyArgument(argument, options);
  requireTests(ready, {});
  if (options.interface !== undefined) warnAll(await unknownInterfaceNotes(ready.policy, options.interface));
  const compiled = compileReady(ready, options.interface);
  const { statistics } = compiled;
  const tables = tablesOf(compiled);
  const bytes = tables.reduce((sum, row) => sum + row.bytes, 0);
  if (options.json !== true) {
    print(render(compiled, tables, bytes));
    return;
  }
  const { filters, directedFilters, classes, ranges, mode4, mode6, milliseconds } = statistics;
  const modes = { ipv4: mode4, ipv6: mode6 };
  printJson({
    policy: ready.policy.name,
    filters,
    directedFilters,
    classes,
    ranges,
    modes,
    tables,
    bytes,
    milliseconds,
  });
}

export function compileCommand(): Command {
  const command = new Command('compile')
    .description('show the tables a policy compiles to: filters, classes, sizes, memory, time per pass')
    .argument('<policy>', POLICY_ARGUMENT)
    .addOption(meOption())
    .addOption(jsonOption())
    .option('--interface <name>', 'compile for this interface; without it, rules limited to interfaces are left out')
    .action(run);
  return withExamples(command, 'xdpol compile edge.yaml --me 192.0.2.1');
}
