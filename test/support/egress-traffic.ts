/** Counted traffic that leaves a filtered interface; the sender learns of each frame whether it was let out. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FRAMES } from './counted-traffic.ts';
import type { NamespacePair } from './namespaces.ts';

const CPUS = ['0', '1'] as const;

/** A packet socket says ENOBUFS for what the egress hook drops. However the test goes, sending ends. */
const SEND = `import errno, json, os, socket, sys, time
device, stop, frames = sys.argv[1], sys.argv[2], [bytes.fromhex(text) for text in sys.argv[3:]]
sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
sender.bind((device, 0))
passed, dropped = [0] * len(frames), [0] * len(frames)
deadline = time.monotonic() + 200
while not os.path.exists(stop) and time.monotonic() < deadline:
    for _ in range(50):
        for i, frame in enumerate(frames):
            try:
                sender.send(frame)
                passed[i] += 1
            except OSError as error:
                if error.errno != errno.ENOBUFS: raise
                dropped[i] += 1
    time.sleep(0.001)
print(json.dumps([passed, dropped]))
`;

/** Of each of FRAMES. */
export interface Fates {
  readonly passed: readonly number[];
  readonly dropped: readonly number[];
}

async function sentBy(pair: NamespacePair, cpu: string, stop: string): Promise<readonly (readonly number[])[]> {
  const hex = FRAMES.map(([, { frame }]) => Buffer.from(frame).toString('hex'));
  const argv = ['taskset', '-c', cpu, 'python3', '-c', SEND, pair.host.device, stop, ...hex];
  const child = pair.spawn(pair.host, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  await once(child, 'close');
  return JSON.parse(output) as readonly (readonly number[])[];
}

/** Starts sending FRAMES out of the host from every CPU; the result stops it and says what became of each. */
export function startEgressTraffic(pair: NamespacePair): () => Promise<Fates> {
  const stop = join(pair.directory, 'stop-egress');
  const senders = CPUS.map((cpu) => sentBy(pair, cpu, stop));
  return async () => {
    writeFileSync(stop, '');
    const sums = await Promise.all(senders);
    const sumOf = (which: number): readonly number[] =>
      FRAMES.map((_, i) => sums.reduce((total, one) => total + (one[which]?.[i] ?? 0), 0));
    return { passed: sumOf(0), dropped: sumOf(1) };
  };
}
