/** `xdpol promote`: the policy that is on trial is put in force. */
import { Command } from 'commander';
import { EnvironmentError } from '../../base/environment-error.ts';
import type { ConfirmOptions } from '../options.ts';
import { confirmOption, confirmSeconds, forceOption, jsonOption, withExamples } from '../options.ts';
import { reachHost } from '../reach-host.ts';
import { pendingLine } from '../render/pending.ts';
import { print, printJson, warnAll } from '../render/terminal.ts';

interface PromoteOptions extends ConfirmOptions {
  readonly force?: boolean;
  readonly json?: boolean;
}

async function run(options: PromoteOptions): Promise<void> {
  const host = reachHost();
  const { policy, version } = await host.audit();
  if (policy === null || version === null) {
    const what =
      policy === null ? 'no policy is on trial' : `the version of ${policy} that is on trial is no longer stored`;
    throw new EnvironmentError('XDPOL_E_NO_AUDIT', what, { help: 'put one on trial: xdpol apply POLICY --audit' });
  }
  const confirm = confirmSeconds(options);
  const outcome = await host.assign({ name: policy, version, confirm, force: options.force });
  // From here on it is compared with itself.
  await host.endAudit();
  warnAll(outcome.notes);
  const { generation, interfaces, pending } = outcome;
  if (options.json === true) printJson({ policy, version, generation, interfaces, pending });
  else print(`${policy}: version ${version} in force, generation ${generation}, on ${interfaces.join(', ')}`);
  if (pending !== null && options.json !== true) print(pendingLine(pending));
}

export function promoteCommand(): Command {
  const command = new Command('promote')
    .description('put the policy that is on trial in force, and assign it; the trial ends')
    .addOption(confirmOption())
    .addOption(forceOption())
    .addOption(jsonOption())
    .action(run);
  return withExamples(command, 'xdpol promote', 'xdpol promote --confirm 5m');
}
