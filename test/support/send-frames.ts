/**
 * A process that sends frames over an interface, many a second, from one CPU, until a file appears:
 *   send-frames.ts OBJECT DEVICE CPU STOPFILE FRAME...     frames in hex
 * Prints one JSON array: how many of each it sent.
 */
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { interfaceIndex, loadObject } from 'libbpf-ts-bindings';
import { present } from '../../src/base/assert.ts';

/** Half of what a veth queues: with the pause after it, no frame is lost before it reaches the filter. */
const BURST = 128;
const PAUSE_MS = 1;
/** However the test goes, sending ends. */
const MOST_ROUNDS = 20_000;

const [object = '', device = '', cpu = '0', stop = '', ...hex] = process.argv.slice(2);
const frames = hex.map((text) => Uint8Array.from(Buffer.from(text, 'hex')));
const index = present(interfaceIndex(device), device);
const rodata = { interface_index: new Uint8Array(Uint32Array.of(index).buffer) };
const sent = frames.map(() => 0);
{
  using loaded = loadObject(object, { rodata });
  const program = present(loaded.programs.get('redirect'));
  for (let round = 0; round < MOST_ROUNDS && !existsSync(stop); round++) {
    for (const [i, frame] of frames.entries()) {
      program.testRun(frame, { repeat: BURST, liveFrames: true, cpu: Number(cpu) });
      sent[i] = (sent[i] ?? 0) + BURST;
      await sleep(PAUSE_MS);
    }
  }
}
process.stdout.write(`${JSON.stringify(sent)}\n`);
