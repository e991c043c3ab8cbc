/** `xdpol fmt`: a policy in the house style. */
import { chmodSync, realpathSync, statSync } from 'node:fs';
import { Command, Option } from 'commander';
import { Diagnostics } from '../../base/diagnostics.ts';
import { printIpsecpol } from '../../formats/ipsecpol/print.ts';
import { formatPolicyText } from '../../formats/yaml/format.ts';
import type { PolicyTextInput } from '../../host/policy-input.ts';
import { writeDurably } from '../../store/durable.ts';
import { CheckFailed, UsageError } from '../exit.ts';
import { POLICY_ARGUMENT, withExamples } from '../options.ts';
import { policyArgument } from '../policy-argument.ts';
import { readArgument, readInputText } from '../read-policy.ts';
import { print, printDiagnostics, warn } from '../render/terminal.ts';

const FORMATS = ['yaml', 'json', 'ipsecpol'] as const;
type Format = (typeof FORMATS)[number];

interface FmtOptions {
  readonly write?: boolean;
  readonly check?: boolean;
  readonly format?: Format;
}

/** Every file is seen to before a fault in one of them ends the run. */
function run(policies: readonly string[], options: FmtOptions): void {
  const inPlace = options.write === true || options.check === true;
  if (options.format === 'ipsecpol' && inPlace) {
    throw new UsageError('ipsecpol commands are no policy file', 'leave out --write and --check');
  }
  if (policies.length > 1 && !inPlace) {
    throw new UsageError('one policy at a time is printed', 'use --write or --check for several');
  }
  const fine = policies.map((policy) => (options.format === 'ipsecpol' ? commands(policy) : format(policy, options)));
  if (fine.includes(false)) throw new CheckFailed();
}

function format(argument: string, options: FmtOptions): boolean {
  const input = policyArgument(argument);
  const policy = readInputText(input);
  const isJson = options.format === undefined ? argument.endsWith('.json') : options.format === 'json';
  const diags = new Diagnostics();
  const formatted = formatPolicyText(policy.file, policy.text, isJson ? 'json' : 'yaml', diags);
  printDiagnostics(diags.all);
  if (formatted === undefined) return false;
  const { text, lostComments } = formatted;
  if (options.check === true) return isSame(policy, text);
  if (options.write === true) return replace(policy, 'text' in input && argument !== '-', text, lostComments);
  if (lostComments > 0) warn(`warning: JSON has no comments: ${lostComments} are left out`);
  print(text);
  return true;
}

function isSame({ file, text }: PolicyTextInput, formatted: string): boolean {
  if (text === formatted) return true;
  warn(`${file} is not formatted: run xdpol fmt --write ${file}`);
  return false;
}

/** The file keeps its mode; of a symbolic link, the file it stands for is replaced. */
function replace({ file, text }: PolicyTextInput, isFile: boolean, formatted: string, lostComments: number): boolean {
  if (!isFile) throw new UsageError(`--write needs a file, and ${file} is none`, 'leave out --write to print it');
  if (lostComments > 0) {
    throw new UsageError(`${file} has ${lostComments} comments, which JSON would lose`, 'print it, or stay with YAML');
  }
  if (text === formatted) return true;
  const path = realpathSync(file);
  const { mode } = statSync(path);
  writeDurably(path, new TextEncoder().encode(formatted));
  chmodSync(path, mode);
  warn(`formatted ${file}`);
  return true;
}

function commands(argument: string): boolean {
  const { policy, diags } = readArgument(policyArgument(argument));
  const lines = policy === undefined ? [] : printIpsecpol(policy, diags);
  if (lines.length > 0) print(lines.join('\n'));
  printDiagnostics(diags.all);
  return !diags.failed;
}

export function fmtCommand(): Command {
  const command = new Command('fmt')
    .description('print a policy in the house style; comments and what the policy means are kept')
    .argument('<policies...>', `${POLICY_ARGUMENT}; several with --write or --check`)
    .option('--write', 'replace the files that differ')
    .addOption(new Option('--check', 'change nothing; exit 3 where a file differs').conflicts('write'))
    .addOption(
      new Option('--format <format>', "the file's own unless given; ipsecpol prints commands").choices([...FORMATS]),
    )
    .action(run);
  return withExamples(
    command,
    'xdpol fmt edge.yaml',
    'xdpol fmt --check policies/*.yaml',
    'xdpol fmt --format ipsecpol edge.yaml',
  );
}
