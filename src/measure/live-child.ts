/**
 * Sends frames through a veth pair and drops them at its other end, by a bare XDP_DROP and by the policy in turn. Runs in
 * a network namespace of its own. Takes a LiveTask, prints a LiveFigure.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { openProgramById } from 'libbpf-ts-bindings';
import { present } from '../base/assert.ts';
import { spreadOf } from './statistics.ts';
import type { LiveFigure, LiveTask } from './veth-frames.ts';
import { RECEIVER_INDEX, SENDER_INDEX } from './veth-frames.ts';

const SENDER = 'xdpol-out';
const RECEIVER = 'xdpol-in';
const BATCH = 64;
const IPV6 = '/proc/sys/net/ipv6/conf';

function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'inherit'] });
}

function makePair(): void {
  // No router solicitations or group reports: only what is sent arrives.
  if (existsSync(IPV6)) for (const scope of ['all', 'default']) writeFileSync(`${IPV6}/${scope}/disable_ipv6`, '1');
  const [out, into] = [String(SENDER_INDEX), String(RECEIVER_INDEX)];
  ip('link', 'add', SENDER, 'index', out, 'type', 'veth', 'peer', 'name', RECEIVER, 'index', into);
  ip('link', 'set', SENDER, 'up');
  ip('link', 'set', RECEIVER, 'up');
}

/** Frames that the receiver's XDP program has had: veth counts what its poll handed over. */
function countReceived(): number {
  const lines = readFileSync('/proc/self/net/dev', 'utf8').split('\n');
  const line = present(lines.find((one) => one.trim().startsWith(`${RECEIVER}:`)));
  return Number(present(line.split(':')[1]).trim().split(/\s+/u)[1]);
}

function measure(task: LiveTask): LiveFigure {
  const template = Buffer.from(task.template, 'hex');
  using sender = openProgramById(task.sender);
  using bare = openProgramById(task.bare);
  using policy = openProgramById(task.policy);
  using link = bare.attachXdp(RECEIVER_INDEX, 'native');
  /**
   * Million frames a second of CPU time. The receiver's poll runs in the sender's system call and counts with it; elapsed
   * time has the kernel's waits at the start and the end of a test run, and whatever else the CPU does.
   */
  const rate = (): number => {
    const before = countReceived();
    const run = { repeat: task.frames, liveFrames: true, batchSize: BATCH, cpu: task.cpu };
    const { cpuNs } = sender.testRun(template, run);
    return ((countReceived() - before) / cpuNs) * 1000;
  };
  rate();
  const rates = { bare: [] as number[], policy: [] as number[] };
  for (let round = 0; round < task.rounds; round++) {
    link.update(bare);
    rates.bare.push(rate());
    link.update(policy);
    rates.policy.push(rate());
  }
  const shares = rates.policy.map((value, i) => value / present(rates.bare[i]));
  return { bare: spreadOf(rates.bare), policy: spreadOf(rates.policy), share: spreadOf(shares) };
}

makePair();
process.stdout.write(JSON.stringify(measure(JSON.parse(process.argv[2] ?? '') as LiveTask)));
