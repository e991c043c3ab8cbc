/**
 * A process that runs packets through a loaded program, beside whoever writes what the program reads:
 * run-packets.ts PROGRAM-ID SECONDS REPEAT FRAME...   frames in hex. Prints how often it ran each.
 */
import { openProgramById } from 'libbpf-ts-bindings';

const [id = '0', seconds = '0', repeat = '1', ...frames] = process.argv.slice(2);
const packets = frames.map((hex) => Uint8Array.from(Buffer.from(hex, 'hex')));
using program = openProgramById(Number(id));
const until = Date.now() + Number(seconds) * 1000;
let rounds = 0;
for (; Date.now() < until; rounds++) {
  for (const packet of packets) program.testRun(packet, { repeat: Number(repeat) });
}
process.stdout.write(`${rounds * Number(repeat)}\n`);
