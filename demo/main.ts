/**
 * The main job, end to end, on real packets: the web and mail policy in force on a server of its
 * own, real connections to open and closed ports, counters and metrics. Touches no real interface.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Network } from './network.ts';
import { makeNetwork, removeLeftovers, runOn, startOn } from './network.ts';

const SERVER = '131.107.1.1';
const CLIENT = '131.107.1.2';
const POLICIES = ['examples/packet-filter.yaml', 'examples/packet-filter-specs.yaml'] as const;
const METRICS_PORT = 9477;

type Outcome = 'connected' | 'silence';

interface Attempt {
  readonly from: 'client' | 'server';
  readonly port: number;
  readonly expected: Outcome;
  readonly why: string;
}

/** Every port has a listener: what is not answered is not answered because of the policy. */
const ATTEMPTS: readonly Attempt[] = [
  { from: 'client', port: 80, expected: 'connected', why: 'web, permitted' },
  { from: 'client', port: 443, expected: 'connected', why: 'web, permitted' },
  { from: 'client', port: 25, expected: 'connected', why: 'mail, permitted' },
  { from: 'client', port: 110, expected: 'connected', why: 'mail, permitted' },
  { from: 'client', port: 22, expected: 'silence', why: 'only All inbound traffic matches' },
  { from: 'client', port: 8080, expected: 'silence', why: 'only All inbound traffic matches' },
  { from: 'server', port: 25, expected: 'connected', why: 'outbound mail, permitted' },
];

const path = (relative: string): string => fileURLToPath(new URL(`../${relative}`, import.meta.url));
const XDPOL: readonly string[] = [process.execPath, path('dist/cli/main.js')];
const PROBE: readonly string[] = [process.execPath, '--import', import.meta.resolve('tsx'), path('demo/probe.ts')];

const started: ChildProcess[] = [];

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function step(text: string): void {
  say(`\n==> ${text}`);
}

async function xdpol(network: Network, ...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await runOn(network.server, network.env, [...XDPOL, ...args]);
  if (status !== 0) throw new Error(`xdpol ${args.join(' ')} ended with ${String(status)}:\n${stderr}`);
  return stdout;
}

/** Starts a process and waits until it says something: that it listens. */
async function start(network: Network, where: 'server' | 'client', argv: readonly string[]): Promise<void> {
  const child = startOn(network[where], network.env, argv);
  started.push(child);
  const said = [child.stdout, child.stderr].flatMap((output) => (output === null ? [] : [once(output, 'data')]));
  const ended = once(child, 'exit').then(() => Promise.reject(new Error(`${argv.join(' ')} ended at once`)));
  // It is ended at the end of the demo, which is no failure.
  ended.catch(() => undefined);
  await Promise.race([...said, ended]);
}

async function connect(network: Network, { from, port }: Attempt): Promise<string> {
  const target = from === 'client' ? SERVER : CLIENT;
  const { stdout } = await runOn(network[from], network.env, [...PROBE, 'connect', target, String(port)]);
  return stdout.trim();
}

/** Makes every connection and says what was expected and what happened; returns how many went wrong. */
async function connectAll(network: Network): Promise<number> {
  let wrong = 0;
  say('FROM    PORT  EXPECTED   HAPPENED');
  for (const attempt of ATTEMPTS) {
    const happened = await connect(network, attempt);
    const ok = happened === attempt.expected;
    if (!ok) wrong++;
    const columns = [
      attempt.from.padEnd(6),
      String(attempt.port).padStart(5),
      ` ${attempt.expected.padEnd(9)}`,
      happened.padEnd(9),
    ];
    say(`${columns.join(' ')}  ${ok ? 'ok' : 'WRONG'}  ${attempt.why}`);
  }
  return wrong;
}

async function demonstrate(network: Network): Promise<number> {
  let wrong = 0;
  step('listeners on every port, on both hosts');
  await start(network, 'server', [...PROBE, 'listen', '80', '443', '25', '110', '22', '8080']);
  await start(network, 'client', [...PROBE, 'listen', '25']);
  for (const policy of POLICIES) {
    step(`xdpol apply ${policy} -i ${network.server.device}`);
    say((await xdpol(network, 'apply', path(policy), '-i', network.server.device)).trimEnd());
    step('real TCP connections');
    wrong += await connectAll(network);
  }
  step('xdpol counters');
  say((await xdpol(network, 'counters')).trimEnd());
  step(`xdpol agent, scraped at port ${METRICS_PORT}`);
  await start(network, 'server', [...XDPOL, 'agent', '--listen', `127.0.0.1:${METRICS_PORT}`]);
  const url = `http://127.0.0.1:${METRICS_PORT}/metrics`;
  const { stdout } = await runOn(network.server, network.env, [...PROBE, 'get', url]);
  const metrics = stdout.split('\n').filter((line) => line.startsWith('xdpol_'));
  say(metrics.join('\n'));
  if (!metrics.some((line) => line.startsWith('xdpol_rule_packets_total'))) {
    say('WRONG: no rule counter among the metrics');
    wrong++;
  }
  return wrong;
}

function stopAll(): void {
  for (const child of started) child.kill('SIGKILL');
}

async function main(): Promise<void> {
  if (process.geteuid?.() !== 0) throw new Error('the demo makes network namespaces: run it as root');
  const { version } = JSON.parse(readFileSync(path('package.json'), 'utf8')) as { version: string };
  say(`xdpol ${version}: a web and mail server locked down in two network namespaces`);
  removeLeftovers();
  step(`server ${SERVER} and client ${CLIENT}, joined by veth`);
  const network = makeNetwork(SERVER, CLIENT);
  const interrupted = (): void => {
    stopAll();
    network[Symbol.dispose]();
    process.exit(130);
  };
  process.on('SIGINT', interrupted).on('SIGTERM', interrupted);
  try {
    const wrong = await demonstrate(network);
    step(wrong === 0 ? 'every connection did what the policy says' : `${wrong} did not do what the policy says`);
    process.exitCode = wrong === 0 ? 0 : 1;
  } finally {
    stopAll();
    network[Symbol.dispose]();
  }
}

await main().catch((error: unknown) => {
  process.stderr.write(`demo: error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
