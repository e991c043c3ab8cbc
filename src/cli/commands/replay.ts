/** `xdpol replay`: a capture through the real kernel program, attached to nothing. */
import { accessSync, constants } from 'node:fs';
import { Command, Option } from 'commander';
import { EnvironmentError } from '../../base/environment-error.ts';
import type { CapturedPacket } from '../../engine/capture/read-capture.ts';
import { CaptureError, readCapture } from '../../engine/capture/read-capture.ts';
import type { Direction } from '../../engine/program.ts';
import { DIRECTIONS } from '../../engine/program.ts';
import { Replayer } from '../../engine/replay.ts';
import { openContext } from '../../host/context.ts';
import { membersFor } from '../../host/live-sets/policy-members.ts';
import { unknownInterfaceNotes } from '../../host/unknown-interface.ts';
import type { Decision } from '../../policy/classify.ts';
import { ReferenceClassifier } from '../../policy/classify.ts';
import { decodePacket } from '../../policy/packet/decode.ts';
import { formatPacket } from '../../policy/packet/text.ts';
import type { MembersOptions } from '../member-lists.ts';
import { membersOption } from '../member-lists.ts';
import type { MeOptions } from '../options.ts';
import { jsonOption, meOption, POLICY_ARGUMENT, withExamples } from '../options.ts';
import { compileReady, readyArgument } from '../read-policy.ts';
import { si, table } from '../render/table.ts';
import { print, printJson, warn, warnAll, warnsOnTerminal } from '../render/terminal.ts';

interface ReplayOptions extends MeOptions, MembersOptions {
  readonly json?: boolean;
  readonly hook: Direction;
  readonly interface?: string;
  readonly summary?: boolean;
}

const BATCH_PACKETS = 4096;
const PROGRESS_PACKETS = 1 << 18;

interface Sum {
  packets: number;
  bytes: number;
}

/** What was decided, summed by who decided it; and what a reader of the verdicts should know. */
class Summary {
  readonly #sums = new Map<string, Sum>();
  packets = 0;
  short = 0;
  unrunnable = 0;

  add(decision: Decision, bytes: number): void {
    const { verdict, by, rule, reason } = decision;
    const key = JSON.stringify({ verdict, by, rule, reason });
    const sum = this.#sums.get(key) ?? { packets: 0, bytes: 0 };
    sum.packets++;
    sum.bytes += bytes;
    this.#sums.set(key, sum);
    this.packets++;
  }

  render(): string {
    const rows = [...this.#sums]
      .map(([key, sum]) => {
        const { verdict, by, rule, reason } = JSON.parse(key) as Pick<Decision, 'verdict' | 'by' | 'rule' | 'reason'>;
        return [verdict, by, rule ?? reason ?? '', String(sum.packets), si(sum.bytes)];
      })
      .sort((a, b) => Number(b[3]) - Number(a[3]));
    const columns = [
      { title: 'VERDICT' },
      { title: 'BY' },
      { title: 'RULE' },
      { title: 'PACKETS', right: true },
      { title: 'BYTES', right: true },
    ];
    return table(columns, rows);
  }

  plain(): unknown {
    const rows = [...this.#sums].map(([key, sum]) => ({ ...(JSON.parse(key) as object), ...sum }));
    const { packets, short, unrunnable } = this;
    return { packets, capturedShort: short, decidedByReference: unrunnable, rows };
  }

  notes(): string[] {
    const notes = [];
    if (this.short > 0)
      notes.push(`${this.short} packets were captured short: their missing bytes were replayed as zeros`);
    if (this.unrunnable > 0)
      notes.push(
        `${this.unrunnable} frames are shorter or longer than the kernel takes in a test run: the reference classifier decided them`,
      );
    return notes;
  }
}

/** The frame at its length on the wire; what the capture lacks is payload, unless its snap length was tiny. */
function wholeFrame({ frame, originalLength }: CapturedPacket): Uint8Array {
  if (originalLength <= frame.length) return frame;
  const whole = new Uint8Array(originalLength);
  whole.set(frame);
  return whole;
}

function describe(frame: Uint8Array): string {
  const decoded = decodePacket(frame);
  return decoded.kind === 'packet' ? formatPacket(decoded.packet) : decoded.reason;
}

function line(index: number, decision: Decision, frame: Uint8Array, json: boolean): string {
  const { verdict, by, rule, filter, reason } = decision;
  if (json) return JSON.stringify({ packet: index, verdict, by, rule, filter, reason, text: describe(frame) });
  const who = by === 'rule' ? `${rule}  ${filter}` : [by, reason].filter((word) => word !== null).join(' ');
  return `${String(index).padStart(6)}  ${verdict}  ${describe(frame)}  ${who}`;
}

class Replay {
  readonly #replayer: Replayer;
  readonly #reference: ReferenceClassifier;
  readonly #options: ReplayOptions;
  readonly summary: Summary = new Summary();
  #batch: CapturedPacket[] = [];

  constructor(replayer: Replayer, reference: ReferenceClassifier, options: ReplayOptions) {
    this.#replayer = replayer;
    this.#reference = reference;
    this.#options = options;
  }

  add(packet: CapturedPacket): void {
    this.#batch.push(packet);
    if (this.#batch.length === BATCH_PACKETS) this.flush();
  }

  flush(): void {
    const batch = this.#batch;
    this.#batch = [];
    const frames = batch.map(wholeFrame);
    const lines: string[] = [];
    for (const [i, decided] of this.#replayer.run(frames).entries()) {
      const packet = batch[i];
      const frame = frames[i];
      if (packet === undefined || frame === undefined) continue;
      const decision = decided ?? this.#byReference(frame);
      if (packet.originalLength > packet.frame.length) this.summary.short++;
      this.summary.add(decision, frame.length);
      if (this.#options.summary !== true) lines.push(line(packet.index, decision, frame, this.#options.json === true));
    }
    if (lines.length > 0) print(lines.join('\n'));
    if (warnsOnTerminal() && this.summary.packets % PROGRESS_PACKETS === 0) warn(`${si(this.summary.packets)} packets`);
  }

  #byReference(frame: Uint8Array): Decision {
    this.summary.unrunnable++;
    return this.#reference.classify(decodePacket(frame), { interface: this.#options.interface });
  }
}

async function run(argument: string, capture: string, options: ReplayOptions): Promise<void> {
  requireReadable(capture);
  const read = await readyArgument(argument, options);
  const members = membersFor(openContext(() => undefined).store, read.policy, options.members);
  const ready = { ...read, host: { ...read.host, members } };
  if (options.interface !== undefined) warnAll(await unknownInterfaceNotes(ready.policy, options.interface));
  const compiled = compileReady(ready, options.interface);
  using replayer = new Replayer(compiled, options.hook);
  const replay = new Replay(replayer, new ReferenceClassifier(ready.policy, ready.host), options);
  let cut: CaptureError | undefined;
  try {
    for await (const packet of readCapture(capture === '-' ? process.stdin : capture, capture)) replay.add(packet);
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    cut = error;
  }
  replay.flush();
  warnAll(replay.summary.notes());
  if (options.json === true && options.summary === true) printJson(replay.summary.plain());
  else if (options.json === true) warn(`\n${replay.summary.render()}`);
  else print(`\n${replay.summary.render()}`);
  if (cut !== undefined) throw new EnvironmentError('XDPOL_E_FILE', cut.message);
}

/** Said before anything is compiled. */
function requireReadable(capture: string): void {
  if (capture === '-') return;
  try {
    accessSync(capture, constants.R_OK);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new EnvironmentError('XDPOL_E_FILE', `cannot read the capture ${capture}: ${code}`, {
      help: 'name a pcap or pcapng file, or - for standard input',
    });
  }
}

export function replayCommand(): Command {
  const command = new Command('replay')
    .description('run every packet of a pcap or pcapng file through the real kernel program, attached to nothing')
    .argument('<policy>', POLICY_ARGUMENT)
    .argument('<capture>', 'pcap or pcapng, gzipped or not; - for standard input')
    .addOption(meOption())
    .addOption(membersOption())
    .addOption(new Option('--hook <hook>', 'which program').choices([...DIRECTIONS]).default('ingress'))
    .option(
      '--interface <name>',
      'the interface at which the packets are seen; without it, rules limited to interfaces are left out',
    )
    .addOption(jsonOption())
    .option('--summary', 'print only the table at the end, or one object with --json')
    .action(run);
  return withExamples(
    command,
    'xdpol replay edge.yaml trace.pcapng',
    'xdpol replay edge.yaml trace.pcap.gz --hook egress --json',
  );
}
