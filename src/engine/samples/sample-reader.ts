/**
 * Reads the samples of every filtered interface, and keeps them coming as long as it does. It follows what is in force:
 * interfaces that are filtered later, and policies that are applied later, are sampled too.
 */
import type { BpfMap } from 'libbpf-ts-bindings';
import { RingBuffer } from 'libbpf-ts-bindings';
import { EnvironmentError } from '../../base/environment-error.ts';
import { readSlots } from '../counter-maps.ts';
import { JiffiesClock } from '../jiffies.ts';
import type { Counted, SlotRegistry } from '../slots.ts';
import { FIXED_SLOTS } from '../slots.ts';
import type { Attachment } from '../survey.ts';
import { readAttachments } from '../survey.ts';
import type { SampleRecord } from './sample-record.ts';
import { decodeSample } from './sample-record.ts';
import type { ReaderName, SampleRate } from './sampling-control.ts';
import { DEFAULT_RATE, SamplingControl } from './sampling-control.ts';
import type { SamplingMaps } from './sampling-maps.ts';
import { findSampling } from './sampling-maps.ts';

/** Seconds that samples go on being taken after the reader was last heard of. */
const LEASE = 5;

export interface Sample extends SampleRecord {
  /** Of the interface. */
  readonly name: string;
  readonly counted: Counted;
  /** Milliseconds since 1970, by the wall clock as it is set now. */
  readonly at: number;
}

export interface SampleReaderOptions {
  readonly rate?: SampleRate;
  /** Is a packet sampled that passes by this? */
  readonly passes?: (counted: Counted) => boolean;
}

/** The ring of one interface. */
interface Source {
  readonly ring: RingBuffer;
  readonly ringId: number;
  readonly waiting: SampleRecord[];
  maps: SamplingMaps;
  control: SamplingControl;
  name: string;
  directory: string;
  registry: SlotRegistry;
  /** Lost before it was read. */
  readonly lostBefore: bigint;
  lost: bigint;
}

let readers = 0;

export class SampleReader implements Disposable {
  readonly #clock = new JiffiesClock();
  readonly #me: ReaderName = { pid: process.pid, number: ++readers };
  readonly #options: SampleReaderOptions;
  #sources: readonly Source[] = [];

  /** Throws XDPOL_E_SAMPLES_READ where another process reads the samples of an interface. */
  constructor(options: SampleReaderOptions = {}) {
    this.#options = options;
    try {
      this.refresh((busy) => {
        throw busy;
      });
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Names of the interfaces that are read. */
  get interfaces(): readonly string[] {
    return this.#sources.map(({ name }) => name);
  }

  /** By interface: samples that its ring had no room for, since this reader began with it. */
  get lost(): ReadonlyMap<string, number> {
    return new Map(this.#sources.map(({ name, lost, lostBefore }) => [name, Number(lost - lostBefore)]));
  }

  /** To be called every second: it asks for more, and looks at what is in force. An interface that another process reads is left out. */
  refresh(onBusy: (error: EnvironmentError) => void = () => undefined): void {
    const now = this.#clock.now();
    const before = new Map(this.#sources.map((source) => [source.ringId, source]));
    const kept: Source[] = [];
    this.#sources = kept;
    try {
      for (const attachment of readAttachments()) {
        const maps = findSampling(attachment.directory);
        if (maps === undefined) continue;
        const known = before.get(maps.ring.id);
        before.delete(maps.ring.id);
        const source = this.#follow(attachment, maps, known, now, onBusy);
        if (source !== undefined) kept.push(source);
      }
    } finally {
      for (const gone of before.values()) this.#leave(gone);
    }
  }

  /** What has come since the last call, oldest first. */
  poll(): readonly Sample[] {
    const offset = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();
    const samples: Sample[] = [];
    for (const source of this.#sources) {
      source.ring.consume();
      for (const record of source.waiting.splice(0)) {
        const counted = countedBy(source, record);
        const at = Number((record.nanoseconds + offset) / 1_000_000n);
        if (counted !== undefined) samples.push({ ...record, name: source.name, counted, at });
      }
    }
    return samples.sort((a, b) => (a.nanoseconds < b.nanoseconds ? -1 : 1));
  }

  [Symbol.dispose](): void {
    for (const source of this.#sources) this.#leave(source);
    this.#sources = [];
    this.#clock[Symbol.dispose]();
  }

  /** Takes over `maps`. */
  #follow(
    { name, directory }: Attachment,
    maps: SamplingMaps,
    known: Source | undefined,
    now: bigint,
    onBusy: (error: EnvironmentError) => void,
  ): Source | undefined {
    const control = new SamplingControl(maps);
    if (!control.claim(this.#me, now)) {
      const reader = control.readerAt(now);
      maps[Symbol.dispose]();
      if (known !== undefined) this.#leave(known);
      onBusy(isRead(name, reader));
      return undefined;
    }
    const registry = readSlots(directory);
    control.choosePasses(this.#passing(registry));
    control.goOn(now + BigInt(LEASE * this.#clock.hertz), this.#options.rate ?? DEFAULT_RATE, this.#clock.hertz);
    const { lost } = control.totals();
    const latest = { maps, control, registry, name, directory, lost };
    if (known === undefined) return open(latest);
    known.maps[Symbol.dispose]();
    return Object.assign(known, latest);
  }

  #passing(registry: SlotRegistry): ReadonlySet<number> {
    const { passes } = this.#options;
    if (passes === undefined) return new Set();
    const named = registry.named.map((counted, i) => [registry.size - registry.named.length + i, counted] as const);
    const chosen = [...FIXED_SLOTS, ...named].filter(([, counted]) => counted.action === 'permit' && passes(counted));
    return new Set(chosen.map(([slot]) => slot));
  }

  #leave({ maps, control, ring }: Source): void {
    control.end(this.#me);
    ring[Symbol.dispose]();
    maps[Symbol.dispose]();
  }
}

function open(latest: Omit<Source, 'ring' | 'ringId' | 'waiting' | 'lostBefore'>): Source {
  const waiting: SampleRecord[] = [];
  const ring = ringOf(latest.maps.ring, waiting);
  // What an earlier reader left is not of this one's time.
  ring.consume();
  waiting.length = 0;
  return { ...latest, ring, ringId: latest.maps.ring.id, waiting, lostBefore: latest.lost };
}

/** A policy that was applied since the last refresh may have new slots. */
function countedBy(source: Source, { slot }: SampleRecord): Counted | undefined {
  if (source.registry.counted(slot) === undefined) source.registry = readSlots(source.directory);
  return source.registry.counted(slot);
}

/** It keeps no process alive: it is polled. */
function ringOf(map: BpfMap, waiting: SampleRecord[]): RingBuffer {
  const ring = new RingBuffer(map, (bytes) => {
    const record = decodeSample(bytes);
    if (record !== undefined) waiting.push(record);
  });
  ring.unref();
  return ring;
}

function isRead(name: string, reader: ReaderName | undefined): EnvironmentError {
  const by = reader === undefined ? 'another process' : `process ${reader.pid}`;
  return new EnvironmentError('XDPOL_E_SAMPLES_READ', `${by} reads the samples of ${name} already`, {
    help: 'end it, or start the agent first (xdpol agent): it gives the samples to any number of readers',
  });
}
