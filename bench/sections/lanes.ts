/** Veth pairs whose far ends lie in a network namespace of their own: one subject's rules meet no other's frames. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import type { BpfLink, BpfProgram } from 'libbpf-ts-bindings';
import { interfaceIndex } from 'libbpf-ts-bindings';
import { present } from '../../src/base/assert.ts';
import type { Run } from '../peers/peer.ts';

/** The generator's frames are addressed to it: others do not reach the IP layer. */
const RECEIVER_MAC = '02:02:02:02:02:02';
/** Loading a million elements takes nft some seconds. */
const COMMAND_TIMEOUT_MS = 120_000;
const SETTLE_MS = 2000;
const POLL_MS = 5;

function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'inherit'] });
}

function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** One sender's pair. */
export interface Lane {
  readonly sender: string;
  readonly ifindex: number;
  readonly receiver: string;
}

/** Pairs for programs: both ends in the namespace of this process. One pair for each CPU that sends. */
export class XdpLanes implements Disposable {
  readonly all: readonly Lane[];

  constructor(name: string, cpus: number) {
    this.all = Array.from({ length: cpus }, (_, i) => makePair(`${name}-out${i}`, `${name}-in${i}`));
    for (const { receiver } of this.all) ip('link', 'set', receiver, 'up');
  }

  /** Attaches the program to every receiver. Owned by the caller. */
  attach(program: BpfProgram): readonly BpfLink[] {
    return this.all.map(({ receiver }) => program.attachXdp(present(interfaceIndex(receiver)), 'native'));
  }

  [Symbol.dispose](): void {
    for (const { sender } of this.all) ip('link', 'del', sender);
  }
}

/** Pairs for what filters in the stack: the receivers are in a namespace of their own. */
export class StackLanes implements Disposable {
  readonly all: readonly Lane[];
  readonly #namespace: string;

  constructor(name: string, cpus: number) {
    this.#namespace = name;
    ip('netns', 'add', name);
    this.all = Array.from({ length: cpus }, (_, i) => this.#lane(`${name}-out${i}`, `${name}-in${i}`));
  }

  /** Runs a command where the receivers are. */
  readonly run: Run = (argv, input = '') => {
    const args = ['netns', 'exec', this.#namespace, ...argv];
    const options = { input, encoding: 'utf8', maxBuffer: 1 << 26, timeout: COMMAND_TIMEOUT_MS } as const;
    return execFileSync('ip', args, { ...options, stdio: ['pipe', 'pipe', 'pipe'] });
  };

  [Symbol.dispose](): void {
    for (const { sender } of this.all) ip('link', 'del', sender);
    ip('netns', 'del', this.#namespace);
  }

  #lane(sender: string, receiver: string): Lane {
    const lane = makePair(sender, receiver);
    ip('link', 'set', receiver, 'netns', this.#namespace);
    this.run(['sh', '-c', 'echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6']);
    this.run(['ip', 'link', 'set', receiver, 'up']);
    // Without a program a veth device takes redirected frames only where it has GRO.
    this.run(['ethtool', '-K', receiver, 'gro', 'on']);
    return lane;
  }
}

/** The kernel of a receiving end would send neighbour discovery of its own. */
function makePair(sender: string, receiver: string): Lane {
  ip('link', 'add', sender, 'type', 'veth', 'peer', 'name', receiver, 'address', RECEIVER_MAC);
  for (const device of [sender, receiver]) writeFileSync(`/proc/sys/net/ipv6/conf/${device}/disable_ipv6`, '1');
  ip('link', 'set', sender, 'up');
  return { sender, ifindex: present(interfaceIndex(sender), sender), receiver };
}

/** Frames that the other end has had so far: a veth device counts as sent what its peer's poll has handled. */
export function countHandled({ sender }: Lane): number {
  const line = readFileSync('/proc/self/net/dev', 'utf8')
    .split('\n')
    .find((text) => text.trim().startsWith(`${sender}:`));
  return Number(present(present(line).split(':')[1]).trim().split(/\s+/u)[9]);
}

/** Until so many more have been handled than `before`: the last ones may still be queued when the sender is done. */
export function awaitHandled(lane: Lane, before: number, frames: number): void {
  for (let waited = 0; countHandled(lane) - before < frames; waited += POLL_MS) {
    if (waited > SETTLE_MS)
      throw new Error(`${lane.sender}: of ${frames} frames ${countHandled(lane) - before} arrived`);
    pause(POLL_MS);
  }
}
