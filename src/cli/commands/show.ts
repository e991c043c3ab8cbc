/** `xdpol show`: a stored policy. */
import { Command, Option } from 'commander';
import { Diagnostics } from '../../base/diagnostics.ts';
import { PolicyRejected } from '../../base/policy-rejected.ts';
import { printIpsecpol } from '../../formats/ipsecpol/print.ts';
import { storedFiles } from '../../formats/named-file.ts';
import { plainPolicy, printPolicy } from '../../formats/yaml/print.ts';
import { CheckFailed } from '../exit.ts';
import { parseVersion, withExamples } from '../options.ts';
import { storedArgument } from '../policy-argument.ts';
import { reachHost } from '../reach-host.ts';
import { readArgument } from '../read-policy.ts';
import { print, printDiagnostics } from '../render/terminal.ts';

interface ShowOptions {
  readonly version?: number;
  readonly format?: 'yaml' | 'json' | 'ipsecpol';
  readonly json?: boolean;
}

async function run(argument: string, options: ShowOptions): Promise<void> {
  const { stored: name, version } = storedArgument(argument, options.version);
  const { text, setFiles } = await reachHost().readStored(name, version);
  const format = options.json === true ? 'json' : options.format;
  if (format === undefined) {
    print(text);
    return;
  }
  const { policy, diags } = readArgument({ file: name, text, readSetFile: storedFiles(setFiles) });
  if (policy === undefined) throw new PolicyRejected(diags.all);
  if (format === 'yaml') print(printPolicy(policy));
  else if (format === 'json') print(JSON.stringify(plainPolicy(policy), null, 2));
  else {
    const unsaid = new Diagnostics();
    for (const command of printIpsecpol(policy, unsaid)) print(command);
    printDiagnostics(unsaid.all);
    if (unsaid.failed) throw new CheckFailed();
  }
}

export function showCommand(): Command {
  const command = new Command('show')
    .description('print a stored policy as it was written; with --format in one form, address sets included')
    .argument('<name>', 'a stored policy, or NAME@VERSION')
    .addOption(new Option('--version <number>', 'which version (default: the newest)').argParser(parseVersion))
    .addOption(new Option('--format <format>', 'as a policy file or as commands').choices(['yaml', 'json', 'ipsecpol']))
    .addOption(new Option('--json', 'the same as --format json'))
    .action(run);
  return withExamples(command, 'xdpol show edge', 'xdpol show edge@3', 'xdpol show edge --version 3 --format ipsecpol');
}
