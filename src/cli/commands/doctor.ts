/** `xdpol doctor`: what would make attaching fail or filtering leak. */
import { Command, Option } from 'commander';
import type { DoctorFinding, DoctorOutcome } from '../../host/doctor/diagnose.ts';
import { EXIT } from '../exit.ts';
import { collect, jsonOption, withExamples } from '../options.ts';
import { reachHost } from '../reach-host.ts';
import { renderDoctor } from '../render/doctor.ts';
import { print, printJson } from '../render/terminal.ts';

interface DoctorOptions {
  readonly interface?: readonly string[];
  readonly fix?: boolean;
  readonly json?: boolean;
}

async function run(options: DoctorOptions): Promise<void> {
  const host = reachHost();
  const request = { interfaces: options.interface };
  const outcome = options.fix === true ? await host.mend(request) : await host.doctor(request);
  if (options.json === true) printJson(toJson(outcome));
  else print(renderDoctor(outcome));
  const open = outcome.findings.filter((finding) => finding.outcome?.mended !== true);
  if (open.some(({ severity }) => severity === 'error')) process.exitCode = EXIT.environment;
}

function toJson({ interfaces, checks, findings }: DoctorOutcome): unknown {
  return { interfaces, checks, findings: findings.map(findingToJson) };
}

function findingToJson({ remedy, outcome, ...finding }: DoctorFinding): unknown {
  return {
    check: finding.check,
    severity: finding.severity,
    interface: finding.interface ?? null,
    what: finding.what,
    why: finding.why,
    advice: finding.advice ?? null,
    command: remedy?.command ?? null,
    safe: remedy?.isSafe ?? null,
    leaks: finding.leaks === true,
    mended: outcome?.mended ?? null,
    reason: outcome?.mended === false ? outcome.reason : null,
  };
}

export function doctorCommand(): Command {
  const command = new Command('doctor')
    .description(
      'find what would make attaching fail or let packets pass unfiltered on this host, each with the command that fixes it',
    )
    .addOption(
      new Option(
        '-i, --interface <name>',
        'look at this interface, or at those that match a pattern such as "eth*"; repeatable (default: those that are filtered)',
      ).argParser<readonly string[]>(collect),
    )
    .option('--fix', 'run those of the commands that cannot interrupt traffic')
    .addOption(jsonOption())
    .addHelpText('after', '\nExit code 1 where a finding is an error.')
    .action(run);
  return withExamples(command, 'xdpol doctor', 'xdpol doctor -i eth0 --fix');
}
