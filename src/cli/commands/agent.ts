/** `xdpol agent`: the daemon. */
import { Command, Option } from 'commander';
import { runAgent } from '../../agent/agent.ts';
import type { AgentLog } from '../../agent/log.ts';
import { logFormFor, openLog } from '../../agent/log.ts';
import type { ListenAddress } from '../../formats/listen-address.ts';
import { LISTEN_HELP, parseListenAddress } from '../../formats/listen-address.ts';
import { describeProblems, readHostConfig } from '../../host/config.ts';
import { requireCapabilities } from '../../host/privileges.ts';
import { UsageError } from '../exit.ts';
import { withExamples } from '../options.ts';
import { warn, warnsOnTerminal } from '../render/terminal.ts';

const DEFAULT_LISTEN: ListenAddress = { host: '127.0.0.1', port: 9477 };
/** File descriptor of the log. */
const STDERR = 2;

interface AgentVerbOptions {
  readonly listen?: string;
}

/** As `parseListenAddress`; anything else is a mistake in the command line. */
export function parseListen(value: string): ListenAddress {
  const address = parseListenAddress(value);
  if (address !== undefined) return address;
  throw new UsageError(`--listen ${value}: not an address and a port`, LISTEN_HELP);
}

async function run(options: AgentVerbOptions): Promise<void> {
  const given = options.listen === undefined ? undefined : parseListen(options.listen);
  requireCapabilities('agent');
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
  const log = openLog(logFormFor(STDERR, warnsOnTerminal(), process.env), warn);
  await runAgent({ listen: given ?? configuredListen(log) ?? DEFAULT_LISTEN, log, stop });
}

/** A mistake in the configuration is reported and stops no agent. */
function configuredListen(log: AgentLog): ListenAddress | undefined {
  const reading = readHostConfig();
  for (const problem of describeProblems(reading)) log.warning(problem);
  return reading.config.metrics.listen;
}

export function agentCommand(): Command {
  const command = new Command('agent')
    .description(
      'run the daemon: it serves metrics to Prometheus, follows the addresses of `me`, and keeps dynamic rules; filtering goes on without it',
    )
    .addOption(
      new Option(
        '--listen <address>',
        'address and port of the HTTP server, ":9477" for every address (default: metrics.listen of the configuration, or 127.0.0.1:9477)',
      ),
    )
    .action(run);
  return withExamples(command, 'xdpol agent', 'xdpol agent --listen :9477');
}
