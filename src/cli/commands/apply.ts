/** `xdpol apply`: store the policy, put it in force, assign it. */
import { performance } from 'node:perf_hooks';
import { Command, Option } from 'commander';
import { present } from '../../base/assert.ts';
import type { ApplyOutcome } from '../../engine/apply.ts';
import { applyPolicy } from '../../engine/apply.ts';
import type { RequestedMode } from '../../engine/attachment.ts';
import { readAttachments } from '../../engine/attachment.ts';
import { PolicyStore } from '../../store/store.ts';
import { compileForInterfaces } from '../compile-policy.ts';
import { findInterfaces, interfaceAddresses } from '../host.ts';
import type { ReadyPolicy } from '../options.ts';
import { collect, jsonOption, POLICY_ARGUMENT, readyPolicy, withExamples } from '../options.ts';
import { print, printJson, warn } from '../output.ts';
import { requireRoot } from '../privileges.ts';

interface ApplyOptions {
  readonly interface: readonly string[];
  readonly mode: RequestedMode;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** One policy is assigned to a host: interfaces that are filtered already go along. */
function withFiltered(names: readonly string[]): readonly string[] {
  return [...new Set([...names, ...readAttachments().map((attachment) => attachment.name)])];
}

function putInForce(
  ready: ReadyPolicy,
  names: readonly string[],
  options: ApplyOptions,
  devices: Parameters<typeof interfaceAddresses>[0],
): ApplyOutcome {
  const compiled = compileForInterfaces(ready, names);
  return applyPolicy({
    targets: devices.map((device) => ({ device, compiled: present(compiled.get(device.name)) })),
    hash: ready.hash,
    mode: options.mode,
    now: new Date(),
    dryRun: options.dryRun === true,
  });
}

/** The store is written first: what is in force can always be found there. The assignment follows success. */
async function run(argument: string, options: ApplyOptions): Promise<void> {
  requireRoot('apply');
  const started = performance.now();
  const store = new PolicyStore();
  using _lock = store.lock();
  const names = withFiltered(options.interface);
  const devices = await findInterfaces(names);
  const ready = await readyPolicy(argument, () => interfaceAddresses(devices));
  const { policy, hash, source } = ready;
  const dryRun = options.dryRun === true;
  const version = dryRun ? 0 : store.write(policy.name, source);
  const outcome = putInForce(ready, names, options, devices);
  if (!dryRun) {
    const at = new Date().toISOString();
    store.assign({ policy: policy.name, version, hash, interfaces: names, mode: options.mode, at });
  }
  for (const note of outcome.notes) warn(`note: ${note}`);
  const milliseconds = performance.now() - started;
  if (options.json === true) {
    const { generation } = outcome;
    printJson({
      policy: policy.name,
      hash,
      generation: dryRun ? null : generation,
      interfaces: names,
      applied: !dryRun,
      milliseconds,
    });
    return;
  }
  const done = dryRun ? 'would be in force' : `in force, generation ${outcome.generation},`;
  print(`${policy.name}: ${done} on ${names.join(', ')} (${milliseconds.toFixed(0)} ms)`);
}

export function applyCommand(): Command {
  const command = new Command('apply')
    .description('store a policy, put it in force on interfaces, assign it; a failure leaves the old one in force')
    .argument('<policy>', POLICY_ARGUMENT)
    .addOption(
      new Option('-i, --interface <name>', 'filter this interface, repeatable; those already filtered go along')
        .argParser<readonly string[]>(collect)
        .makeOptionMandatory(),
    )
    .addOption(new Option('--mode <mode>', 'where XDP runs').choices(['native', 'generic', 'auto']).default('auto'))
    .option('--dry-run', 'everything up to the swap: compile, load, verify; change nothing')
    .addOption(jsonOption())
    .action(run);
  return withExamples(command, 'xdpol apply edge.yaml -i eth0', 'xdpol apply edge.yaml -i eth0 -i eth1 --dry-run');
}
