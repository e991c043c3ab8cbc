/** A capture through `xdpol replay`, the process and its compile included. */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { present } from '../../src/base/assert.ts';
import { Generator } from '../../src/measure/generator.ts';
import { spreadOf } from '../../src/measure/statistics.ts';
import type { Effort } from '../effort.ts';
import type { Figure } from '../figure.ts';
import { figure, single } from '../figure.ts';
import { benchPolicy } from '../policies.ts';

const COMMAND = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const POLICY_FILE = fileURLToPath(new URL('../../examples/packet-filter.yaml', import.meta.url));
const TRAFFIC = 'mixed';
const SEED = 42;
const ROUNDS = 3;
const HEADER = 24;
const RECORD = 16;
/** TCP to one of the traffic's permitted ports; the others never draw one of them. */
const PERMITTED: ReadonlySet<number> = new Set([25, 80, 443]);
const PROTOCOL_AT = 23;
const DESTINATION_PORT_AT = 36;
const TCP = 6;

export function measureReplay(policy: string, effort: Effort): readonly Figure[] {
  const directory = mkdtempSync(join(tmpdir(), 'xdpol-bench-'));
  try {
    const capture = join(directory, 'traffic.pcap');
    const packets = effort.replayPackets;
    const passes = writeCapture(capture, policy, packets);
    const seconds = Array.from({ length: ROUNDS }, () => {
      const started = performance.now();
      const command = [COMMAND, 'replay', POLICY_FILE, capture, '--summary'];
      const summary = execFileSync(process.execPath, command, { encoding: 'utf8' });
      checkSummary(summary, passes, packets - passes);
      return (performance.now() - started) / 1000;
    });
    const about = { section: 'replay', policy, size: packets, traffic: TRAFFIC, subject: 'xdpol' } as const;
    const rates = seconds.map((time) => packets / time / 1e6);
    return [
      single(about, { quantity: 'packets', unit: 'count' }, packets),
      figure(about, { quantity: 'whole run', unit: 's' }, spreadOf(seconds), ROUNDS),
      figure(about, { quantity: 'rate', unit: 'Mpps' }, spreadOf(rates), ROUNDS),
    ];
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Returns how many of the packets pass. */
function writeCapture(file: string, policy: string, packets: number): number {
  const { family, traffic } = benchPolicy(policy);
  using generator = new Generator(family, 0);
  generator.fill(present(traffic.find(({ name }) => name === TRAFFIC)), SEED, packets);
  const length = generator.template.length;
  const bytes = new Uint8Array(HEADER + packets * (RECORD + length));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0xa1b2c3d4);
  view.setUint16(4, 2);
  view.setUint16(6, 4);
  view.setUint32(16, 65535);
  view.setUint32(20, 1);
  let passes = 0;
  for (let i = 0, at = HEADER; i < packets; i++, at += RECORD + length) {
    const frame = generator.frame(i);
    const port = (present(frame[DESTINATION_PORT_AT]) << 8) | present(frame[DESTINATION_PORT_AT + 1]);
    if (frame[PROTOCOL_AT] === TCP && PERMITTED.has(port)) passes++;
    view.setUint32(at, i);
    view.setUint32(at + 8, length);
    view.setUint32(at + 12, length);
    bytes.set(frame, at + RECORD);
  }
  const open = openSync(file, 'w');
  writeSync(open, bytes);
  closeSync(open);
  return passes;
}

/** `pass rule NAME PACKETS BYTES`, one line for each that decided. */
function checkSummary(summary: string, passes: number, drops: number): void {
  const sum = (verdict: string): number =>
    summary
      .split('\n')
      .map((line) => line.trim().split(/\s{2,}/u))
      .filter((words) => words[0] === verdict)
      .reduce((total, words) => total + Number(words.at(-2)), 0);
  if (sum('pass') !== passes || sum('drop') !== drops)
    throw new Error(
      `replay passed ${sum('pass')} and dropped ${sum('drop')} packets instead of ${passes} and ${drops}`,
    );
}
