/** Sampled packets as a pcapng file, as `xdpol capture` writes them, but for the statistics. */
import { commentOf } from '../api/events.ts';
import type { SampleEvent } from '../host/events.ts';
import { interfaceBlock, packetBlock, sectionBlock } from '../policy/packet/write-pcapng.ts';

const NANOSECONDS_PER_MILLISECOND = 1_000_000n;

/** `samples`: the oldest first. */
export function captureOf(samples: readonly SampleEvent[]): Blob {
  const names = [...new Set(samples.map(({ interface: name }) => name))];
  const frames = samples.map((sample) => Uint8Array.from(atob(sample.packet), (byte) => byte.charCodeAt(0)));
  const mostBytes = frames.reduce((most, { length }) => Math.max(most, length), 0);
  const packets = samples.map((sample, i) =>
    packetBlock({
      interfaceNumber: names.indexOf(sample.interface),
      nanoseconds: BigInt(Date.parse(sample.time)) * NANOSECONDS_PER_MILLISECOND,
      frame: frames[i] ?? new Uint8Array(),
      length: sample.length,
      isInbound: sample.direction === 'ingress',
      comment: commentOf(sample),
    }),
  );
  const blocks = [sectionBlock('xdpol console'), ...names.map((name) => interfaceBlock(name, mostBytes)), ...packets];
  return new Blob(blocks as readonly BlobPart[] as BlobPart[], { type: 'application/x-pcapng' });
}
