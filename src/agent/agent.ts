/**
 * The daemon. It reads the kernel and the store and answers over HTTP. It owns nothing of the data
 * plane: links, programs and counters are pinned, and filtering goes on whatever happens here.
 */
import { once } from 'node:events';
import type { FastifyInstance } from 'fastify';
import type { HostLiveEvent } from '../api/live-events.ts';
import { LIVE_RULES } from '../api/live-events.ts';
import { agentSocketPath, ownPlace } from '../api/place.ts';
import { surveyAttachments } from '../engine/survey.ts';
import type { Wanted } from '../exporter/exporter.ts';
import { Exporter } from '../exporter/exporter.ts';
import type { Encoding, ExpositionFormat } from '../exporter/exposition.ts';
import { CONTENT_TYPES, encodingFor, formatFor } from '../exporter/exposition.ts';
import type { ListenAddress } from '../formats/listen-address.ts';
import { requireHostConfig } from '../host/config.ts';
import type { HostContext, Report } from '../host/context.ts';
import { openContext } from '../host/context.ts';
import { interfacesMeantBy } from '../host/interfaces.ts';
import { listSets } from '../host/live-sets/read-sets.ts';
import { localOperations } from '../host/operations.ts';
import { readPendingChange } from '../host/pending-change.ts';
import { isInterfacePattern } from '../policy/interface-pattern.ts';
import { ChangeTurns } from './control/change-turn.ts';
import type { OperationOptions } from './control/control-server.ts';
import { startControlServer } from './control/control-server.ts';
import type { LiveSource } from './control/live-feed.ts';
import { LiveFeed } from './control/live-feed.ts';
import { SampleFeed } from './control/sample-feed.ts';
import { runWithDuties } from './duties.ts';
import { EvidenceDuty } from './evidence-duty.ts';
import { describeFailure, failureFields } from './failure-text.ts';
import { FleetDuty } from './fleet/fleet-duty.ts';
import type { Reply } from './http-routes.ts';
import { routesOf, text } from './http-routes.ts';
import type { AgentLog } from './log.ts';
import { operationsBeside } from './operations-beside.ts';
import { Questions } from './questions/questions.ts';
import { NoThread } from './questions/thread-lane.ts';
import { withRestoreBeside } from './restore-beside.ts';
import { startServer, stopServer, urlOf } from './server.ts';
import { shareRunning } from './shared-scrape.ts';

export interface AgentOptions {
  readonly listen: ListenAddress;
  readonly log: AgentLog;
  /** Aborted: stop in order. */
  readonly stop: AbortController;
}

function readWanted(context: HostContext): Omit<Wanted, 'names' | 'fleet'> {
  const { store } = context;
  const { interfaces: assigned = [], ingressOnly = false } = store.assignment() ?? {};
  const interfaces = interfacesMeantBy(assigned, assigned.some(isInterfacePattern) ? surveyAttachments().devices : []);
  const confirmPending = (readPendingChange()?.secondsLeft ?? 0) > 0;
  const changes = { ...store.tallies.read(), confirmPending };
  return { interfaces, ingressOnly, changes, sets: listSets(context).sets };
}

async function metricsReply(
  exporter: Exporter,
  format: ExpositionFormat,
  encoding: Encoding,
  log: AgentLog,
): Promise<Reply> {
  try {
    return { status: 200, type: CONTENT_TYPES[format], encoding, body: await exporter.scrape(format, encoding) };
  } catch (error) {
    log.warning(`scrape failed: ${describeFailure(error)}`, failureFields(error));
    return text(500, 'the scrape failed; the log of the agent says why');
  }
}

/** undefined where no socket is wanted, or another agent has it, which is logged: the rest of the agent's work goes on. */
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

/** undefined where the configuration wants none, or it cannot be served, which is logged. */
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

/** What a thread reads keeps nobody waiting. */
function liveSource(questions: Questions): LiveSource<HostLiveEvent> {
  const context = quietContext();
  const host = localOperations(context);
  const query = { dropping: LIVE_RULES };
  const question = {
    name: 'counters',
    asker: context.asker,
    asked: { body: undefined, name: '', version: '', query },
  } as const;
  const counters = async (): Promise<unknown> => {
    try {
      return await questions.ask(question, context.report, new AbortController().signal);
    } catch (error) {
      if (error instanceof NoThread) return await host.counters(query);
      throw error;
    }
  };
  return { status: () => host.status(), policies: () => host.list(), counters };
}

/** Runs until `stop`. Throws EnvironmentError where it cannot listen or the kernel refuses its clock. */
export async function runAgent({ listen, log, stop }: AgentOptions): Promise<void> {
  const report: Report = (event) => {
    if (event.kind === 'warning') log.warning(event.text);
  };
  const samples = new SampleFeed();
  const questions = new Questions();
  const turns = new ChangeTurns();
  const plain = openContext(report, undefined, { asker: { who: 'xdpol agent', uid: null, via: 'agent' } });
  const context = withRestoreBeside(plain, questions, turns);
  const evidence = new EvidenceDuty({ context, questions, feed: samples });
  const { FeedFollowers } = await import('./feeds/follow-feeds.ts');
  // A million members take a second: scrapes are answered meanwhile, and what cannot be read is said by whoever asks for it.
  const membersAtHand = context.store.liveSets.readAhead().catch(() => undefined);
  const feeds = membersAtHand.then(() => new FeedFollowers(log, stop.signal).run());
  const fleet = new FleetDuty({ context, log, turns, operations: operationsBeside(questions), stop: stop.signal });
  const duties = { context, log, stop, evidence, membersAtHand, isPaused: () => turns.isTaken };
  await runWithDuties(duties, async (names) => {
    using exporter = new Exporter(() => ({ ...readWanted(context), names: names(), fleet: fleet.state() }));
    const scrapeAs = (encoding: Encoding): ((format: ExpositionFormat) => Promise<Reply>) =>
      shareRunning((format) => metricsReply(exporter, format, encoding, log));
    const scrapes = { identity: scrapeAs('identity'), gzip: scrapeAs('gzip') };
    const server = await startServer(
      routesOf((headers) => scrapes[encodingFor(headers['accept-encoding'])](formatFor(headers.accept))),
      listen,
    );
    const live = new LiveFeed(liveSource(questions), { steady: 'counters' });
    const observe = (): Promise<void> => evidence.observeNow();
    const options = { log, turns, live, samples, questions, fleet: () => fleet.standing(), observe };
    const control = await startControl(options);
    const remote = await startRemote(options);
    log.info(`listening on ${urlOf(server)}`, { url: urlOf(server) });
    const following = fleet.run();
    if (!stop.signal.aborted) await once(stop.signal, 'abort');
    await following;
    live.close();
    samples.close();
    await turns.ended();
    await evidence.end();
    questions.close();
    await remote?.close();
    await control?.close();
    await stopServer(server);
    log.info('stopped; filtering goes on');
  });
  await feeds;
}
