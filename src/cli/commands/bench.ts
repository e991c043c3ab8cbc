/** `xdpol bench`: what a policy costs on this host, measured without touching traffic. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { interfaceAddresses, presentInterfaces } from '../../host/interfaces.ts';
import { requireCapabilities } from '../../host/privileges.ts';
import type { ReadyPolicy } from '../../host/ready-policy.ts';
import { EFFORT } from '../../measure/bench-effort.ts';
import { lastAllowedCpu } from '../../measure/cpu.ts';
import { environment } from '../../measure/environment.ts';
import type { MeasuredRow, PolicyFigures } from '../../measure/measure-policy.ts';
import { measurePolicy } from '../../measure/measure-policy.ts';
import { ReferenceClassifier } from '../../policy/classify.ts';
import { EXIT, UsageError } from '../exit.ts';
import type { MeOptions } from '../options.ts';
import { jsonOption, meOption, POLICY_ARGUMENT, withExamples } from '../options.ts';
import { reachHost } from '../reach-host.ts';
import { compileReady, meOf, readyArgument, readyInput } from '../read-policy.ts';
import { benchJson, renderBench, subjectName } from '../render/bench.ts';
import { openProgressLine, print, printJson, warn } from '../render/terminal.ts';

interface BenchOptions extends MeOptions {
  readonly json?: boolean;
  readonly interface?: string;
  readonly live?: boolean;
  readonly maxNsOverBare?: number;
}

function parseNanoseconds(value: string): number {
  if (/^\d{1,9}(?:\.\d+)?$/u.test(value)) return Number(value);
  throw new InvalidArgumentError('write nanoseconds, such as 40 or 12.5.');
}

interface Measured {
  readonly ready: ReadyPolicy;
  /** Where the packets are seen. */
  readonly interface: string | undefined;
}

/** The named policy, or the assigned one as it is in force: on its first interface, with its interfaces' addresses. */
async function policyOf(argument: string | undefined, options: BenchOptions): Promise<Measured> {
  if (argument !== undefined) {
    const ready = await readyArgument(argument, options);
    return { ready, interface: options.interface };
  }
  const assignment = await reachHost().assignment();
  if (assignment === null) {
    throw new UsageError('no policy is assigned, and none was named', 'name one: xdpol bench edge.yaml');
  }
  const reference = { stored: assignment.policy, version: assignment.version };
  const devices = await presentInterfaces(assignment.interfaces);
  const ready = await readyInput(reference, (policy) =>
    options.me === undefined ? interfaceAddresses(devices) : meOf(policy, options),
  );
  return { ready, interface: options.interface ?? devices[0]?.name };
}

/** The row that decides whether a budget is met. There is one: what cannot be parsed is always measured. */
function worstOf({ rows }: PolicyFigures): MeasuredRow | undefined {
  return rows.toSorted((a, b) => b.overBare.median - a.overBare.median)[0];
}

function judge(figures: PolicyFigures, allowed: number | undefined): void {
  const worst = worstOf(figures);
  if (allowed === undefined || worst === undefined || worst.overBare.median <= allowed) return;
  const { median } = worst.overBare;
  const by = `${(median - allowed).toFixed(1)} ns more than the ${allowed} ns of --max-ns-over-bare`;
  warn(`xdpol: error: ${subjectName(worst.subject)} costs ${median.toFixed(1)} ns over a bare XDP_DROP, ${by}`);
  process.exitCode = EXIT.policy;
}

async function run(argument: string | undefined, options: BenchOptions): Promise<void> {
  requireCapabilities('bench');
  const measured = await policyOf(argument, options);
  const { policy, host } = measured.ready;
  const compiled = compileReady(measured.ready, measured.interface);
  const line = openProgressLine();
  const figures = measurePolicy({
    compiled,
    reference: { classifier: new ReferenceClassifier(policy, host), interface: measured.interface },
    cpu: lastAllowedCpu(),
    effort: EFFORT,
    live: options.live === true,
    onProgress: (what, share) => line.show(what, share),
  });
  line.clear();
  const report = { figures, compiled, interface: measured.interface, environment: environment(), effort: EFFORT };
  if (options.json === true) printJson(benchJson(report));
  else print(renderBench(report));
  judge(figures, options.maxNsOverBare);
}

const WHAT_IT_SAYS = `
Packets are drawn at random inside the filters of each rule, in each IP family that it has; strangers for the default;
broken headers for what cannot be parsed. The loaded program decides them in test runs, attached to nothing: no traffic
is touched, no counter moves. Every packet that is timed is seen to be decided by its row's rule. A ring of up to a
million different ones keeps table lines from being hot where the filters leave room for that; PACKETS says for how many.

What the figures do not say: what a NIC, its driver and DMA cost, how a machine behaves that does something else besides,
or what happens to packets that pass. taskset -c N xdpol bench ... chooses the CPU.`;

export function benchCommand(): Command {
  const command = new Command('bench')
    .description('measure what a packet costs under each rule on this host, without touching traffic')
    .argument('[policy]', `${POLICY_ARGUMENT} (default: the assigned policy)`)
    .addOption(meOption())
    .option(
      '--interface <name>',
      'the interface at which the packets are seen; without it, rules limited to interfaces are left out',
    )
    .option('--live', 'also measure dropped packets over a veth pair in a network namespace of its own')
    .addOption(
      new Option('--max-ns-over-bare <ns>', 'exit 3 when a row costs more over a bare XDP_DROP').argParser(
        parseNanoseconds,
      ),
    )
    .addOption(jsonOption())
    .addHelpText('after', WHAT_IT_SAYS)
    .action(run);
  return withExamples(
    command,
    'xdpol bench edge.yaml --me 192.0.2.1',
    'xdpol bench --live',
    'xdpol bench edge.yaml --interface eth1 --max-ns-over-bare 40 --json',
  );
}
