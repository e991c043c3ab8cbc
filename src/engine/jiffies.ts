/**
 * When packets were counted. Counters hold jiffies64, the kernel's tick count, which no file tells
 * exactly; so the clock runs the program itself once, attached to nothing, and reads what it noted.
 */
import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { gunzipSync } from 'node:zlib';
import type { BpfMap } from 'libbpf-ts-bindings';
import { present } from '../base/assert.ts';
import { Diagnostics, spanOfFile } from '../base/diagnostics.ts';
import { compile } from '../compiler/compile.ts';
import { ENUMS } from '../layout/layout.gen.ts';
import type { Policy } from '../policy/model.ts';
import { countsOf } from './counter-maps.ts';
import type { LoadedPolicy } from './program.ts';
import { createCounters, loadPolicy } from './program.ts';
import { PolicyTables } from './tables.ts';

/** What kernels are built with: ticks a second. */
const USUAL_HERTZ = [100, 250, 300, 1000] as const;
/** Seconds after boot at which jiffies pass 2^32, so that code which cannot count further shows itself early. */
const WRAP_SECONDS = 300;
const WRAP = 2 ** 32;
/** So close to the wrap every frequency gives the same count. */
const UNCLEAR_SECONDS = 60;
/** Samples that differ by less are one: the wall clock was not set, and timestamps should not flutter. */
const SAME_TICKS = 2;

/** CONFIG_HZ of a kernel configuration. */
export function hertzOfConfig(text: string): number | undefined {
  const match = /^CONFIG_HZ=(?<hertz>\d+)$/mu.exec(text);
  return match === null ? undefined : Number(match.groups?.['hertz']);
}

/** The usual frequency at which a kernel up for `uptime` seconds (without sleep) counted so far; undefined around 300 s. */
export function hertzOfUptime(jiffies: bigint, uptime: number): number | undefined {
  const seconds = uptime - WRAP_SECONDS;
  if (Math.abs(seconds) < UNCLEAR_SECONDS) return undefined;
  const measured = (Number(jiffies) - WRAP) / seconds;
  const off = (hertz: number): number => Math.abs(hertz - measured);
  return USUAL_HERTZ.reduce<number>((best, hertz) => (off(hertz) < off(best) ? hertz : best), USUAL_HERTZ[0]);
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

const NOTHING: Policy = {
  name: 'clock',
  description: '',
  default: 'permit',
  strict: true,
  exemptions: [],
  addressSets: new Map(),
  filterLists: new Map(),
  rules: [],
  span: spanOfFile('clock'),
};

/** A frame of no protocol: counted as non_ip. */
const FRAME = new Uint8Array(64);

/** Owns a loaded program and its counters. */
export class JiffiesClock implements Disposable {
  readonly #counters: BpfMap;
  readonly #loaded: LoadedPolicy;
  #hertz: number | undefined = hertzOfConfig(readConfig());
  /** Unix seconds of tick 0. */
  #zero: number | undefined;

  constructor() {
    const compiled = present(compile(NOTHING, { me: [], names: new Map() }, new Diagnostics()));
    this.#counters = createCounters(ENUMS.slot.FIRST_NAMED + 1);
    try {
      const slots = { rules: [], default: ENUMS.slot.FIRST_NAMED };
      using tables = new PolicyTables(compiled, slots);
      this.#loaded = loadPolicy({ compiled, tables, counters: this.#counters, directions: ['ingress'] });
    } catch (error) {
      this.#counters[Symbol.dispose]();
      throw error;
    }
  }

  /** jiffies64 at this moment. */
  now(): bigint {
    this.#loaded.program('ingress').testRun(FRAME);
    return present(countsOf(this.#counters).ingress[ENUMS.slot.NON_IP]).jiffies;
  }

  /**
   * Compares the clocks.
   *
   * Returns  jiffies64 -> Unix seconds by the wall clock as it is set now, within two ticks; the same answer at every
   *          call until the wall clock is set. undefined where the tick frequency cannot be told: the kernel hides its
   *          configuration and started between four and six minutes ago.
   */
  compare(): ((jiffies: bigint) => number) | undefined {
    const now = this.now();
    const seconds = Date.now() / 1000;
    this.#hertz ??= hertzOfUptime(now, Number(process.hrtime.bigint()) / 1e9);
    const hertz = this.#hertz;
    if (hertz === undefined) return undefined;
    const zero = seconds - Number(now) / hertz;
    if (this.#zero === undefined || Math.abs(zero - this.#zero) > SAME_TICKS / hertz) this.#zero = zero;
    const from = this.#zero;
    return (jiffies) => from + Number(jiffies) / hertz;
  }

  [Symbol.dispose](): void {
    this.#loaded[Symbol.dispose]();
    this.#counters[Symbol.dispose]();
  }
}
