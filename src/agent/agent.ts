/**
 * The daemon. It reads the kernel and the store and answers over HTTP. It owns nothing of the data
 * plane: links, programs and counters are pinned, and filtering goes on whatever happens here.
 */
import { once } from 'node:events';
import type { FastifyInstance } from 'fastify';
import { agentSocketPath, ownPlace } from '../api/place.ts';
import { surveyAttachments } from '../engine/survey.ts';
import type { Wanted } from '../exporter/exporter.ts';
import { Exporter } from '../exporter/exporter.ts';
import type { ExpositionFormat } from '../exporter/exposition.ts';
import { CONTENT_TYPES, formatFor } from '../exporter/exposition.ts';
import type { ListenAddress } from '../formats/listen-address.ts';
import { requireHostConfig } from '../host/config.ts';
import type { HostContext, Report } from '../host/context.ts';
import { openContext } from '../host/context.ts';
import { interfacesMeantBy } from '../host/interfaces.ts';
import { localOperations } from '../host/operations.ts';
import { readPendingChange } from '../host/pending-change.ts';
import { isInterfacePattern } from '../policy/interface-pattern.ts';
import type { PolicyStore } from '../store/store.ts';
import { ChangeTurns } from './control/change-turn.ts';
import type { OperationOptions } from './control/control-server.ts';
import { startControlServer } from './control/control-server.ts';
import { LiveFeed } from './control/live-feed.ts';
import { SampleFeed } from './control/sample-feed.ts';
import { runWithDuties } from './duties.ts';
import { describeFailure, failureFields } from './failure-text.ts';
import type { AgentLog } from './log.ts';
import type { Reply } from './routes.ts';
import { routesOf, text } from './routes.ts';
import { startServer, stopServer, urlOf } from './server.ts';
import { shareRunning } from './shared-scrape.ts';

export interface AgentOptions {
  readonly listen: ListenAddress;
  readonly log: AgentLog;
  /** Aborted: stop in order. */
  readonly stop: AbortController;
}

function readWanted(store: PolicyStore): Omit<Wanted, 'names'> {
  const { interfaces: assigned = [], ingressOnly = false } = store.assignment() ?? {};
  const interfaces = interfacesMeantBy(assigned, assigned.some(isInterfacePattern) ? surveyAttachments().devices : []);
  const confirmPending = (readPendingChange()?.secondsLeft ?? 0) > 0;
  return { interfaces, ingressOnly, changes: { ...store.tallies.read(), confirmPending } };
}

async function metricsReply(exporter: Exporter, format: ExpositionFormat, log: AgentLog): Promise<Reply> {
  try {
    return { status: 200, type: CONTENT_TYPES[format], body: await exporter.scrape(format) };
  } catch (error) {
    log.warning(`scrape failed: ${describeFailure(error)}`, failureFields(error));
    return text(500, 'the scrape failed; the log of the agent says why');
  }
}

/** undefined where no socket is wanted, or another agent has it, which is told: the rest of the agent's work goes on. */
async function startControl(options: OperationOptions): Promise<FastifyInstance | undefined> {
  const { log } = options;
  const socketPath = agentSocketPath();
  if (socketPath === undefined) return undefined;
  try {
    return await startControlServer({ ...options, socketPath, place: ownPlace() });
  } catch (error) {
    log.warning(`commands work without this agent: ${describeFailure(error)}`, failureFields(error));
    return undefined;
  }
}

/** undefined where the configuration wants none, or it cannot be served, which is told. */
async function startRemote(options: OperationOptions): Promise<FastifyInstance | undefined> {
  const { log } = options;
  try {
    const { api } = requireHostConfig();
    if (api.listen === undefined) return undefined;
    const { startRemoteServer, remoteUrl } = await import('./remote/remote-server.ts');
    const server = await startRemoteServer({ ...options, api });
    log.info(`other hosts are answered on ${remoteUrl(server)}`, { url: remoteUrl(server) });
    return server;
  } catch (error) {
    log.warning(`other hosts are not answered: ${describeFailure(error)}`, failureFields(error));
    return undefined;
  }
}

/** What is found damaged is in what is read. */
function quietContext(): HostContext {
  return openContext(() => undefined);
}

/** Runs until `stop`. Throws EnvironmentError where it cannot listen or the kernel refuses its clock. */
export async function runAgent({ listen, log, stop }: AgentOptions): Promise<void> {
  const report: Report = (event) => {
    if (event.kind === 'warning') log.warning(event.text);
  };
  const context = openContext(report, undefined, { asker: { who: 'xdpol agent', uid: null, via: 'agent' } });
  await runWithDuties(context, log, stop, async (names) => {
    using exporter = new Exporter(() => ({ ...readWanted(context.store), names: names() }));
    const scrape = shareRunning((format: ExpositionFormat) => metricsReply(exporter, format, log));
    const server = await startServer(
      routesOf(({ accept }) => scrape(formatFor(accept))),
      listen,
    );
    const live = new LiveFeed(localOperations(quietContext()));
    const samples = new SampleFeed();
    const options = { log, turns: new ChangeTurns(), live, samples };
    const control = await startControl(options);
    const remote = await startRemote(options);
    log.info(`listening on ${urlOf(server)}`, { url: urlOf(server) });
    if (!stop.signal.aborted) await once(stop.signal, 'abort');
    live.close();
    samples.close();
    await remote?.close();
    await control?.close();
    await stopServer(server);
    log.info('stopped; filtering goes on');
  });
}
