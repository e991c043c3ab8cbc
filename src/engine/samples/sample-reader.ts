/**
 * Reads the samples of every filtered interface, and keeps them coming as long as it does. It follows what is in force:
 * interfaces that are filtered later, and policies that are applied later, are sampled too.
 */
import type { BpfMap } from 'libbpf-ts-bindings';
import { RingBuffer } from 'libbpf-ts-bindings';
import { EnvironmentError } from '../../base/environment-error.ts';
import { findCandidate } from '../audit/candidate.ts';
import { readSlots } from '../counter-maps.ts';
import { JiffiesClock } from '../jiffies.ts';
import type { Counted, Named } from '../slots.ts';
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
const IN_FORCE: readonly Sampled[] = ['in force'];

/** Whose decision is sampled: a policy on trial has a ring of its own, of the packets that it would decide otherwise. */
export type Sampled = 'in force' | 'on trial';

export interface Sample extends SampleRecord {
  /** Of the interface. */
  readonly name: string;
  readonly sampled: Sampled;
  readonly counted: Counted;
  /** Milliseconds since 1970, by the wall clock as it is set now. */
  readonly at: number;
}

export interface SampleReaderOptions {
  readonly rate?: SampleRate;
  /** Asked at every refresh; what is in force unless given. */
  readonly wanted?: () => readonly Sampled[];
  /** Is a packet sampled that passes by this? One on trial is asked for both of its changes in any case. */
  readonly passes?: (counted: Counted) => boolean;
}

/** What an interface takes samples by. */
interface Place {
  readonly name: string;
  readonly directory: string;
  readonly sampled: Sampled;
  readonly maps: SamplingMaps;
  readonly slots: ReadonlyMap<number, Counted>;
}

/** The ring of one place. */
interface Source extends Place {
  readonly ring: RingBuffer;
  readonly ringId: number;
  readonly waiting: SampleRecord[];
  name: string;
  directory: string;
  maps: SamplingMaps;
  slots: ReadonlyMap<number, Counted>;
  control: SamplingControl;
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

  /** By interface: samples that its rings had no room for, since this reader began with them. */
  get lost(): ReadonlyMap<string, number> {
    const sums = new Map<string, number>();
    for (const { name, lost, lostBefore } of this.#sources)
      sums.set(name, (sums.get(name) ?? 0) + Number(lost - lostBefore));
    return sums;
  }

  /** To be called every second: it asks for more, and looks at what is in force. An interface that another process reads is left out. */
  refresh(onBusy: (error: EnvironmentError) => void = () => undefined): void {
    const now = this.#clock.now();
    const before = new Map(this.#sources.map((source) => [source.ringId, source]));
    const kept: Source[] = [];
    this.#sources = kept;
    try {
      for (const attachment of readAttachments()) {
        for (const sampled of this.#options.wanted?.() ?? IN_FORCE) {
          const place = placeOf(attachment, sampled);
          if (place === undefined) continue;
          const known = before.get(place.maps.ring.id);
          before.delete(place.maps.ring.id);
          const source = this.#follow(place, known, now, onBusy);
          if (source !== undefined) kept.push(source);
        }
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
        if (counted !== undefined) samples.push({ ...record, name: source.name, sampled: source.sampled, counted, at });
      }
    }
    return samples.sort((a, b) => (a.nanoseconds < b.nanoseconds ? -1 : 1));
  }

  [Symbol.dispose](): void {
    for (const source of this.#sources) this.#leave(source);
    this.#sources = [];
    this.#clock[Symbol.dispose]();
  }

  /** Takes over the maps of the place. */
  #follow(
    place: Place,
    known: Source | undefined,
    now: bigint,
    onBusy: (error: EnvironmentError) => void,
  ): Source | undefined {
    const { maps } = place;
    const control = new SamplingControl(maps);
    if (!control.claim(this.#me, now)) {
      const reader = control.readerAt(now);
      maps[Symbol.dispose]();
      if (known !== undefined) this.#leave(known);
      onBusy(isRead(place.name, reader));
      return undefined;
    }
    control.choosePasses(this.#passing(place));
    control.goOn(now + BigInt(LEASE * this.#clock.hertz), this.#options.rate ?? DEFAULT_RATE, this.#clock.hertz);
    const latest = { ...place, control, lost: control.totals().lost };
    if (known === undefined) return open(latest);
    known.maps[Symbol.dispose]();
    return Object.assign(known, latest);
  }

  #passing({ sampled, slots }: Place): ReadonlySet<number> {
    const { passes = () => false } = this.#options;
    const isWanted = (counted: Counted): boolean => sampled === 'on trial' || passes(counted);
    const passing = new Set<number>();
    for (const [slot, counted] of slots) if (counted.action === 'permit' && isWanted(counted)) passing.add(slot);
    return passing;
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
  if (source.sampled === 'in force' && !source.slots.has(slot)) source.slots = slotsIn(source.directory);
  return source.slots.get(slot);
}

/**
 * By the last of the names: the record that has it is read once, and another one has another. There may be 100,000 names, and
 * they are asked for each second.
 */
const slotsByLast = new WeakMap<Named, ReadonlyMap<number, Counted>>();

function slotsIn(directory: string): ReadonlyMap<number, Counted> {
  const { named, size } = readSlots(directory);
  const last = named.at(-1);
  const known = last === undefined ? undefined : slotsByLast.get(last);
  if (known !== undefined) return known;
  const slots = new Map<number, Counted>(FIXED_SLOTS);
  for (const [i, counted] of named.entries()) slots.set(size - named.length + i, counted);
  if (last !== undefined) slotsByLast.set(last, slots);
  return slots;
}

/** undefined where there is none. The caller disposes the maps. */
function placeOf({ name, directory }: Attachment, sampled: Sampled): Place | undefined {
  if (sampled === 'in force') {
    const maps = findSampling(directory);
    return maps === undefined ? undefined : { name, directory, sampled, maps, slots: slotsIn(directory) };
  }
  using candidate = findCandidate(directory);
  const maps = candidate?.sampling();
  return candidate === undefined || maps === undefined
    ? undefined
    : { name, directory, sampled, maps, slots: candidate.slots };
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
