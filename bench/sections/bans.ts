/** Bans by the agent, one request each, beside the members that a live set has; what it takes until packets are dropped. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { BpfProgram } from 'libbpf-ts-bindings';
import { openProgramById } from 'libbpf-ts-bindings';
import { present } from '../../src/base/assert.ts';
import type { Address } from '../../src/base/ip.ts';
import { formatAddress, formatPrefix } from '../../src/base/ip.ts';
import { readAttachments } from '../../src/engine/survey.ts';
import { PROTOCOLS } from '../../src/policy/model.ts';
import { encodePacket } from '../../src/policy/packet/encode.ts';
import { PLAIN_PACKET } from '../../src/policy/packet/model.ts';
import { prefixesOf } from '../../src/policy/prefix-set.ts';
import type { Effort } from '../effort.ts';
import type { Figure, Subject } from '../figure.ts';
import { single } from '../figure.ts';
import { ServerProcess } from '../fleet/server-process.ts';
import { benchPolicy } from '../policies.ts';
import { makeDevice } from './in-force.ts';

const COMMAND = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const SET = 'bans';
const POLICY = `name: bans
addressSets: { ${SET}: { live: true, capacity: 1000000 } }
rules: [{ name: banned, action: block, filters: [{ source: $${SET}, destination: any }] }]
`;
const CLIENTS = [1, 4] as const;
const BANS = 3000;
/** Of a round that is not measured: the agent's code is warm after it, as in an agent that has run for a while. */
const WARM = 1000;
/** 198.18.0.0/15, for benchmarks: the list has none of it by more than chance. */
const FIRST_BANNED = 0xc6120000;
const XDP_DROP = 1;
/** Milliseconds. */
const START_TIMEOUT = 10_000;
const POLL = 20;

export async function measureBans(policy: string, _effort: Effort): Promise<readonly Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'xdpol-bans-'));
  const socketPath = join(folder, 'agent.sock');
  const config = join(folder, 'config.yaml');
  writeFileSync(config, '');
  Object.assign(process.env, {
    XDPOL_STATE_DIR: join(folder, 'state'),
    XDPOL_AGENT_SOCKET: socketPath,
    XDPOL_CONFIG: config,
  });
  try {
    return await measureIn(folder, socketPath, policy);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function measureIn(folder: string, socketPath: string, policy: string): Promise<readonly Figure[]> {
  const { size, members } = benchPolicy(policy);
  const { name } = makeDevice();
  const [file, list] = [join(folder, 'bans.yaml'), join(folder, 'list')];
  writeFileSync(file, POLICY);
  const listed = [...present(members).values()].flatMap((set) => [...prefixesOf(set)].map(formatPrefix));
  writeFileSync(list, listed.join('\n'));
  run('apply', file, '-i', name);
  const agent = new ServerProcess([process.execPath, COMMAND, 'agent', '--listen', '127.0.0.1:0']);
  try {
    await started(socketPath);
    run('set', 'load', SET, list);
    const { hooks } = present(readAttachments().find((one) => one.name === name));
    using program = openProgramById(present(hooks.find(({ direction }) => direction === 'ingress')).programId);
    return await measureClients({ section: 'bans', policy, size, subject: 'xdpol' }, { agent, socketPath, program });
  } finally {
    await agent.kill();
  }
}

async function measureClients(common: Omit<Subject, 'traffic'>, banning: Banning): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  let next = FIRST_BANNED;
  for (const clients of CLIENTS) {
    await ban(banning, clients, next, WARM);
    const { seconds, cpu, times } = await ban(banning, clients, next + WARM, BANS);
    next += WARM + BANS;
    const about = { ...common, traffic: `${clients} at a time` };
    figures.push(
      single(about, { quantity: 'a second', unit: 'count' }, BANS / seconds),
      single(about, { quantity: 'median', unit: 'ms' }, present(times[BANS >> 1])),
      single(about, { quantity: 'p99', unit: 'ms' }, present(times[Math.floor(BANS * 0.99)])),
      single(about, { quantity: "agent's CPU a ban", unit: 'ms' }, (cpu / BANS) * 1000),
    );
  }
  return figures;
}

function run(...args: readonly string[]): void {
  execFileSync(process.execPath, [COMMAND, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
}

async function started(socketPath: string): Promise<void> {
  for (let waited = 0; waited < START_TIMEOUT; waited += POLL) {
    const isThere = await ask(socketPath, undefined, 'GET', '/v1/sets').then(
      () => true,
      () => false,
    );
    if (isThere) return;
    await sleep(POLL);
  }
  throw new Error('the agent does not answer');
}

interface Banning {
  readonly agent: ServerProcess;
  readonly socketPath: string;
  /** In force. */
  readonly program: BpfProgram;
}

interface Banned {
  readonly seconds: number;
  /** Seconds of the agent. */
  readonly cpu: number;
  /** Milliseconds until the answer, sorted. */
  readonly times: readonly number[];
}

/** Addresses from `first` on. A packet of each passes before its ban, and is dropped as soon as the agent has answered. */
async function ban(
  { agent, socketPath, program }: Banning,
  clients: number,
  first: number,
  count: number,
): Promise<Banned> {
  const connections = new Agent({ keepAlive: true, maxSockets: clients });
  const times: number[] = [];
  const [cpu, since] = [agent.cpu, performance.now()];
  let next = first;
  const work = async (): Promise<void> => {
    while (next < first + count) {
      const address: Address = { family: 4, words: [next++] };
      const text = formatAddress(address);
      if (isDropped(program, address)) throw new Error(`${text} is dropped before it is banned`);
      const asked = performance.now();
      const list = { name: 'bench', text };
      await ask(socketPath, connections, 'POST', '/v1/sets', { set: SET, change: 'add', list });
      times.push(performance.now() - asked);
      if (!isDropped(program, address)) throw new Error(`${text} is banned, and its packet passes`);
    }
  };
  await Promise.all(Array.from({ length: clients }, work));
  connections.destroy();
  return {
    seconds: (performance.now() - since) / 1000,
    cpu: agent.cpu - cpu,
    times: times.toSorted((a, b) => a - b),
  };
}

function isDropped(program: BpfProgram, source: Address): boolean {
  const destination: Address = { family: 4, words: [0xc0000201] };
  const packet = {
    ...PLAIN_PACKET,
    family: 4,
    source,
    destination,
    protocol: PROTOCOLS.udp,
    destinationPort: 53,
  } as const;
  return program.testRun(encodePacket(packet)).retval === XDP_DROP;
}

function ask(socketPath: string, agent: Agent | undefined, method: string, path: string, body?: object): Promise<void> {
  const text = body === undefined ? '' : JSON.stringify(body);
  const headers = body === undefined ? {} : { 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, agent, method, path, headers }, (answer) => {
      answer.resume();
      answer.once('end', () => {
        if (answer.statusCode === 200) resolve();
        else reject(new Error(`${method} ${path}: ${answer.statusCode}`));
      });
    });
    sent.once('error', reject);
    sent.end(text);
  });
}
