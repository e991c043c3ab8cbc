/** Samples as a pcapng file: who decided a packet is its comment. */
import type { WriteStream } from 'node:fs';
import { createWriteStream } from 'node:fs';
import { EnvironmentError } from '../../base/environment-error.ts';
import { VERSION } from '../../base/version.ts';
import { interfaceBlock, packetBlock, sectionBlock, statisticsBlock } from '../../engine/capture/write-pcapng.ts';
import type { HostCounters } from '../../host/counters.ts';
import type { EventsRequest, HostEvent, SampleEvent } from '../../host/events.ts';
import { isChosen } from '../../host/events.ts';
import { deciderOf } from '../render/events.ts';
import { byteOutput } from '../render/terminal.ts';

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

/** Packets of one interface. */
interface Seen {
  readonly all: bigint;
  readonly chosen: bigint;
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
  readonly #before: HostCounters;
  readonly #started = Date.now();

  /** `before`: of the host when the capture begins. */
  constructor(out: NodeJS.WritableStream, request: EventsRequest, before: HostCounters) {
    this.#out = out;
    this.#request = request;
    this.#before = before;
    this.#write(sectionBlock(`xdpol ${VERSION}`));
    // So that a reader of the stream knows the interfaces, and statistics have their place, before the first packet.
    for (const { name } of before.interfaces) this.#interfaceOf(name);
  }

  get packets(): number {
    return [...this.#interfaces.values()].reduce((sum, { packets }) => sum + packets, 0);
  }

  add(event: HostEvent): void {
    if (event.kind === 'sample') this.#addPacket(event);
    else if (event.interface !== null) this.#interfaceOf(event.interface).lost = event.lost;
  }

  /** `after`: the counters of the host when the capture ends. */
  async end(after: HostCounters): Promise<void> {
    const now = Date.now();
    for (const [name, { number, packets, lost }] of this.#interfaces) {
      const seen = difference(countedOn(after, name, this.#request), countedOn(this.#before, name, this.#request));
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
        comment: `${event.verdict}: ${deciderOf(event)}${event.policy === null ? '' : ` of ${event.policy}`}`,
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

function wantedText({ rules, reasons, passed }: EventsRequest): string {
  const names = [...(rules ?? []).map((rule) => `rule ${rule}`), ...(reasons ?? [])];
  return [passed === true ? 'dropped or passed' : 'dropped', ...(names.length === 0 ? [] : [names.join(', ')])].join(
    ' by ',
  );
}

function countedOn({ interfaces }: HostCounters, name: string, request: EventsRequest): Seen {
  let all = 0n;
  let chosen = 0n;
  for (const side of interfaces.filter((one) => one.name === name)) {
    for (const { by, rule, reason, action, packets } of side.counters) {
      const count = BigInt(packets);
      all += count;
      const isOf = isChosen(request, rule, by === 'default' ? 'default' : reason);
      if (isOf && (action === 'block' || request.passed === true)) chosen += count;
    }
    for (const { packets } of side.retired) all += BigInt(packets);
  }
  return { all, chosen };
}

/** Counters begin anew where an interface was deleted and made again. */
function difference(after: Seen, before: Seen): Seen {
  const since = (a: bigint, b: bigint): bigint => (a >= b ? a - b : a);
  return { all: since(after.all, before.all), chosen: since(after.chosen, before.chosen) };
}
