/** Samples as a pcapng file: who decided a packet is its comment. */
import type { WriteStream } from 'node:fs';
import { createWriteStream } from 'node:fs';
import { commentOf } from '../../api/events.ts';
import { EnvironmentError } from '../../base/environment-error.ts';
import { VERSION } from '../../base/version.ts';
import type { EventsRequest, HostEvent, SampleEvent } from '../../host/events.ts';
import { interfaceBlock, packetBlock, sectionBlock, statisticsBlock } from '../../policy/packet/write-pcapng.ts';
import { byteOutput } from '../render/terminal.ts';
import type { PacketsSeen } from './packets-seen.ts';
import { seenSince } from './packets-seen.ts';

/** Of a packet: what a sample has, and a tag that the stack kept beside it. */
const MOST_BYTES = 132;

/** `-` is standard output. Throws where the file cannot be written. */
export async function openCaptureFile(path: string): Promise<NodeJS.WritableStream> {
  if (path === '-') return byteOutput();
  const stream: WriteStream = createWriteStream(path, { mode: 0o600 });
  await new Promise<void>((resolve, reject) => {
    stream.once('open', () => resolve());
    stream.once('error', (error: NodeJS.ErrnoException) => {
      const message = `cannot write the capture ${path}: ${error.code ?? error.message}`;
      reject(new EnvironmentError('XDPOL_E_FILE', message, { help: 'name a file in a folder that you may write to' }));
    });
  });
  return stream;
}

interface CapturedInterface {
  readonly number: number;
  packets: number;
  lost: number;
}

export class CaptureFile {
  readonly #out: NodeJS.WritableStream;
  readonly #request: EventsRequest;
  readonly #interfaces = new Map<string, CapturedInterface>();
  readonly #before: ReadonlyMap<string, PacketsSeen>;
  readonly #started = Date.now();

  /** `before`: when the capture begins. */
  constructor(out: NodeJS.WritableStream, request: EventsRequest, before: ReadonlyMap<string, PacketsSeen>) {
    this.#out = out;
    this.#request = request;
    this.#before = before;
    this.#write(sectionBlock(`xdpol ${VERSION}`));
    // So that a reader of the stream knows the interfaces, and statistics have their place, before the first packet.
    for (const name of before.keys()) this.#interfaceOf(name);
  }

  get packets(): number {
    return [...this.#interfaces.values()].reduce((sum, { packets }) => sum + packets, 0);
  }

  add(event: HostEvent): void {
    if (event.kind === 'sample') this.#addPacket(event);
    else if (event.interface !== null) this.#interfaceOf(event.interface).lost = event.lost;
  }

  /** `after`: when the capture ends. */
  async end(after: ReadonlyMap<string, PacketsSeen>): Promise<void> {
    const now = Date.now();
    for (const [name, { number, packets, lost }] of this.#interfaces) {
      const seen = seenSince(this.#before.get(name), after.get(name));
      const comment =
        `${name}: ${seen.chosen} of ${seen.all} packets were wanted (${wantedText(this.#request)}), ` +
        `${packets} were sampled, ${lost} samples were lost`;
      const statistics = {
        interfaceNumber: number,
        start: nanoseconds(this.#started),
        end: nanoseconds(now),
        received: seen.all,
        accepted: seen.chosen,
        delivered: BigInt(packets),
        lost: BigInt(lost),
        comment,
      };
      this.#write(statisticsBlock(statistics));
    }
    if (this.#out === byteOutput()) return;
    await new Promise<void>((resolve, reject) => {
      this.#out.once('error', reject);
      this.#out.end(() => resolve());
    });
  }

  #addPacket(event: SampleEvent): void {
    const place = this.#interfaceOf(event.interface);
    place.packets++;
    const frame = Buffer.from(event.packet, 'base64');
    this.#write(
      packetBlock({
        interfaceNumber: place.number,
        nanoseconds: nanoseconds(Date.parse(event.time)),
        frame,
        length: event.length,
        isInbound: event.direction === 'ingress',
        comment: commentOf(event),
      }),
    );
  }

  #interfaceOf(name: string): CapturedInterface {
    const known = this.#interfaces.get(name);
    if (known !== undefined) return known;
    const added = { number: this.#interfaces.size, packets: 0, lost: 0 };
    this.#interfaces.set(name, added);
    this.#write(interfaceBlock(name, MOST_BYTES));
    return added;
  }

  #write(bytes: Uint8Array): void {
    this.#out.write(bytes);
  }
}

function nanoseconds(milliseconds: number): bigint {
  return BigInt(milliseconds) * 1_000_000n;
}

function wantedText({ rules, reasons, passed, audit }: EventsRequest): string {
  const names = [...(rules ?? []).map((rule) => `rule ${rule}`), ...(reasons ?? [])];
  const what = audit === true ? 'decided otherwise on trial' : passed === true ? 'dropped or passed' : 'dropped';
  return [what, ...(names.length === 0 ? [] : [names.join(', ')])].join(' by ');
}
