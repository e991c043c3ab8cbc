/** `xdpol agent`: the daemon. */
import { Command, Option } from 'commander';
import { runAgent } from '../../agent/agent.ts';
import type { ListenAddress } from '../../formats/listen-address.ts';
import { LISTEN_HELP, parseListenAddress } from '../../formats/listen-address.ts';
import { PolicyStore } from '../../store/store.ts';
import { AgentClaim } from '../agent-claim.ts';
import { UsageError } from '../exit.ts';
import { followAddresses } from '../follow-addresses.ts';
import { withExamples } from '../options.ts';
import { warn } from '../output.ts';
import { requireRoot } from '../privileges.ts';
import { sayingOnce, watch } from '../watch.ts';

const DEFAULT_LISTEN = ':9477';

interface AgentVerbOptions {
  readonly listen: string;
}

/** As `parseListenAddress`; anything else is a mistake in the command line. */
export function parseListen(value: string): ListenAddress {
  const address = parseListenAddress(value);
  if (address !== undefined) return address;
  throw new UsageError(`--listen ${value}: not an address and a port`, LISTEN_HELP);
}

async function run(options: AgentVerbOptions): Promise<void> {
  const listen = parseListen(options.listen);
  requireRoot('agent');
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
  const log = (line: string): void => warn(`xdpol agent: ${line}`);
  const store = new PolicyStore();
  const claim = new AgentClaim(store, log);
  const keepClaim = sayingOnce(log, 'no dynamic rules can be added', () => claim.take());
  const follow = sayingOnce(log, 'cannot follow the addresses', () => followAddresses(store, log));
  await keepClaim();
  const watching = watch([keepClaim, follow], stop.signal);
  try {
    await runAgent({ listen, log, stop: stop.signal });
  } finally {
    stop.abort();
    await watching;
    await sayingOnce(log, 'dynamic rules stay in force', () => claim.giveBack())();
  }
}

export function agentCommand(): Command {
  const command = new Command('agent')
    .description(
      'the daemon: metrics for Prometheus, `me` follows the addresses, dynamic rules last as long; filtering goes on without it',
    )
    .addOption(
      new Option(
        '--listen <address>',
        'address and port of the HTTP server; without an address on all of them',
      ).default(DEFAULT_LISTEN),
    )
    .action(run);
  return withExamples(command, 'xdpol agent', 'xdpol agent --listen 127.0.0.1:9477');
}
