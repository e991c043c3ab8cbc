/**
 * jiffies64, the kernel's tick count: counters say by it when a packet was counted, and a gate closes by it. No file
 * tells it exactly, so the clock is a program, attached to nothing, that notes it when it is run.
 */
import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { gunzipSync } from 'node:zlib';
import type { BpfObject } from 'libbpf-ts-bindings';
import { present } from '../base/assert.ts';
import { loadBuilt } from './object.ts';

/** What kernels are built with: ticks a second. */
const USUAL_HERTZ = [100, 250, 300, 1000] as const;
/** Seconds after boot at which jiffies pass 2^32, so that code which cannot count further shows itself early. */
const WRAP_SECONDS = 300;
const WRAP = 2 ** 32;
/** So close to the wrap every frequency gives the same count. */
const UNCLEAR_SECONDS = 60;
/** A machine that was paused has ticks missing: then the uptime says nothing. */
const TOLERANCE = 0.03;
/** Long enough to tell 250 from 300. */
const MEASURED_MS = 60;
/**
 * Seconds. Comparisons that differ by less are one: the wall clock was not set, and timestamps should not flutter where the
 * process had to wait between the two clocks.
 */
const SAME_SECONDS = 0.05;

/** CONFIG_HZ of a kernel configuration. */
export function hertzOfConfig(text: string): number | undefined {
  const match = /^CONFIG_HZ=(?<hertz>\d+)$/mu.exec(text);
  return match === null ? undefined : Number(match.groups?.['hertz']);
}

function nearestHertz(measured: number): number {
  const off = (hertz: number): number => Math.abs(hertz - measured);
  return USUAL_HERTZ.reduce<number>((best, hertz) => (off(hertz) < off(best) ? hertz : best), USUAL_HERTZ[0]);
}

/** The usual frequency at which a kernel up for `uptime` seconds (without sleep) counted so far; undefined where it is unclear. */
export function hertzOfUptime(jiffies: bigint, uptime: number): number | undefined {
  const seconds = uptime - WRAP_SECONDS;
  if (Math.abs(seconds) < UNCLEAR_SECONDS) return undefined;
  const measured = (Number(jiffies) - WRAP) / seconds;
  const nearest = nearestHertz(measured);
  return Math.abs(measured / nearest - 1) > TOLERANCE ? undefined : nearest;
}

function readConfig(): string {
  for (const read of [
    (): Buffer => gunzipSync(readFileSync('/proc/config.gz')),
    (): Buffer => readFileSync(`/boot/config-${release()}`),
  ]) {
    try {
      return read().toString('latin1');
    } catch {
      // Not every kernel publishes its configuration, and there is a second way.
    }
  }
  return '';
}

function uptime(): number {
  return Number(process.hrtime.bigint()) / 1e9;
}

/** Owns a loaded program. */
export class JiffiesClock implements Disposable {
  readonly #object: BpfObject;
  #hertz: number | undefined;
  /** Unix seconds of tick 0. */
  #zero: number | undefined;

  constructor() {
    this.#object = loadBuilt('gate', { programs: ['xdpol_clock'] });
  }

  /** jiffies64 at this moment. */
  now(): bigint {
    present(this.#object.programs.get('xdpol_clock')).testRun(new Uint8Array(64));
    const { buffer, byteOffset } = present(this.#object.maps.get('.bss')).mmap();
    return new DataView(buffer, byteOffset).getBigUint64(0, true);
  }

  /** Ticks a second. */
  get hertz(): number {
    this.#hertz ??= hertzOfUptime(this.now(), uptime()) ?? hertzOfConfig(readConfig()) ?? this.#measureHertz();
    return this.#hertz;
  }

  /**
   * Compares the clocks.
   *
   * Returns  jiffies64 -> Unix seconds by the wall clock as it is set now, within 0.05 s; the same answer at every
   *          call until the wall clock is set.
   */
  compare(): (jiffies: bigint) => number {
    const hertz = this.hertz;
    const zero = Date.now() / 1000 - Number(this.now()) / hertz;
    if (this.#zero === undefined || Math.abs(zero - this.#zero) > SAME_SECONDS) this.#zero = zero;
    const from = this.#zero;
    return (jiffies) => from + Number(jiffies) / hertz;
  }

  [Symbol.dispose](): void {
    this.#object[Symbol.dispose]();
  }

  #measureHertz(): number {
    const [ticks, seconds] = [this.now(), uptime()];
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, MEASURED_MS);
    return nearestHertz(Number(this.now() - ticks) / (uptime() - seconds));
  }
}
