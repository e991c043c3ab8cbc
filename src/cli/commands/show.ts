/** `xdpol show`: a stored policy. */
import { Command, Option } from 'commander';
import { Diagnostics } from '../../base/diagnostics.ts';
import { printIpsecpol } from '../../formats/ipsecpol/print.ts';
import { plainPolicy, printPolicy } from '../../formats/yaml/print.ts';
import { PolicyStore } from '../../store/store.ts';
import { PolicyRejected } from '../exit.ts';
import { parseVersion, withExamples } from '../options.ts';
import { print, printDiagnostics } from '../output.ts';
import { readPolicyArgument } from '../policy-source.ts';
import { notStored } from '../put-in-force.ts';

interface ShowOptions {
  readonly version?: number;
  readonly format?: 'yaml' | 'json' | 'ipsecpol';
  readonly json?: boolean;
}

function run(name: string, options: ShowOptions): void {
  const store = new PolicyStore();
  const stored = store.read(name, options.version);
  if (stored === undefined) throw notStored(store, name, options.version);
  const format = options.json === true ? 'json' : options.format;
  if (format === undefined) {
    print(stored.text);
    return;
  }
  const { policy, diags } = readPolicyArgument({ stored: name, version: stored.version });
  if (policy === undefined) {
    printDiagnostics(diags.all);
    throw new PolicyRejected();
  }
  if (format === 'yaml') print(printPolicy(policy));
  else if (format === 'json') print(JSON.stringify(plainPolicy(policy), null, 2));
  else {
    const unsaid = new Diagnostics();
    for (const command of printIpsecpol(policy, unsaid)) print(command);
    printDiagnostics(unsaid.all);
    if (unsaid.failed) throw new PolicyRejected();
  }
}

export function showCommand(): Command {
  const command = new Command('show')
    .description('a stored policy as it was written; with --format in one form, address sets included')
    .argument('<name>', 'a stored policy')
    .addOption(new Option('--version <number>', 'this version, else the newest').argParser(parseVersion))
    .addOption(new Option('--format <format>', 'as a policy file or as commands').choices(['yaml', 'json', 'ipsecpol']))
    .addOption(new Option('--json', 'the same as --format json'))
    .action(run);
  return withExamples(command, 'xdpol show edge', 'xdpol show edge --version 3 --format ipsecpol');
}
