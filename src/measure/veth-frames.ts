/** Frames through a veth pair, dropped at its other end: in a network namespace that ends with the process in it. */
import { spawnSync } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EnvironmentError } from '../base/environment-error.ts';
import type { Kernel } from './fill-ring.ts';
import type { Spread } from './statistics.ts';

/** Million frames a second of CPU time, sending included. */
export interface LiveFigure {
  readonly bare: Spread;
  readonly policy: Spread;
  /** policy / bare, round by round. */
  readonly share: Spread;
}

/** What the process in the namespace is told. Programs are named by their ids: they are loaded and their ring is filled. */
export interface LiveTask {
  readonly sender: number;
  readonly bare: number;
  readonly policy: number;
  /** What is around the ring's tuples, in hexadecimal digits. */
  readonly template: string;
  readonly cpu: number;
  readonly rounds: number;
  readonly frames: number;
}

/** Indices are free in a new namespace, so the sender can be told its interface when it is loaded, before there is one. */
export const SENDER_INDEX = 101;
export const RECEIVER_INDEX = 102;

export function measureLive(
  { generator, underTest }: Kernel,
  cpu: number,
  { rounds, frames }: Pick<LiveTask, 'rounds' | 'frames'>,
): LiveFigure {
  const task: LiveTask = {
    sender: generator.sender.id,
    bare: generator.baseline('bare').id,
    policy: underTest.program.id,
    template: Buffer.from(generator.template).toString('hex'),
    cpu,
    rounds,
    frames,
  };
  const self = fileURLToPath(import.meta.url);
  const script = fileURLToPath(new URL(`../measure/live-child${extname(self)}`, import.meta.url));
  const node = [process.execPath, ...process.execArgv, script, JSON.stringify(task)];
  const { status, signal, stdout, stderr, error } = spawnSync('unshare', ['--net', ...node], { encoding: 'utf8' });
  if (error !== undefined) throw createLiveError(error.message);
  if (status !== 0) throw createLiveError(stderr.trim().split('\n').at(-1) || `ended with ${status ?? signal}`);
  return JSON.parse(stdout) as LiveFigure;
}

function createLiveError(why: string): EnvironmentError {
  return new EnvironmentError('XDPOL_E_MEASUREMENT', `live frames over a veth pair: ${why}`, {
    help: 'it takes unshare, ip and the kernel module veth; without --live nothing of them is needed',
  });
}
