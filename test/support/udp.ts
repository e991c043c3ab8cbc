/** UDP between the namespaces of a pair: exactly as many datagrams as are asked for. */
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { present } from '../../src/base/assert.ts';
import type { NamespacePair, Side } from './namespaces.ts';

export interface Flow {
  readonly to: string;
  readonly port: number;
  readonly count: number;
  /** Bytes of payload, 100 unless given. */
  readonly bytes?: number;
}

const SENDER = `
const { createSocket } = require('node:dgram');
const send = async () => {
  for (const { to, port, count, bytes = 100 } of JSON.parse(process.argv[1])) {
    const socket = createSocket(to.includes(':') ? 'udp6' : 'udp4');
    for (let i = 0; i < count; i++) {
      await new Promise((done, fail) => socket.send(Buffer.alloc(bytes), port, to, (error) => (error ? fail(error) : done())));
    }
    socket.close();
  }
  console.log(Date.now() / 1000);
};
void send();
`;

/** Sends the flows one after another; returns when the last datagram left, Unix time in seconds. */
export function sendUdp(pair: NamespacePair, from: Side, flows: readonly Flow[]): number {
  return Number(pair.exec(from, [process.execPath, '-e', SENDER, JSON.stringify(flows)]));
}

const SINK = `
const { createSocket } = require('node:dgram');
const ports = JSON.parse(process.argv[1]);
let bound = 0;
for (const port of ports) {
  const socket = createSocket('udp4');
  socket.on('message', () => console.log(port));
  socket.bind(port, () => ++bound === ports.length && console.log('bound'));
}
`;

/** Takes datagrams, so that nobody answers them with ICMP. */
export class UdpSink {
  readonly #lines: string[] = [];

  private constructor(output: Readable) {
    output.setEncoding('utf8').on('data', (text: string) => this.#lines.push(...text.trim().split('\n')));
  }

  static async start(pair: NamespacePair, side: Side, ports: readonly number[]): Promise<UdpSink> {
    const argv = [process.execPath, '-e', SINK, JSON.stringify(ports)];
    const output = present(pair.spawn(side, argv, { stdio: ['ignore', 'pipe', 'inherit'] }).stdout);
    const sink = new UdpSink(output);
    while (!sink.#lines.includes('bound')) await once(output, 'data');
    return sink;
  }

  /** Datagrams that arrived so far at a port. */
  received(port: number): number {
    return this.#lines.filter((line) => line === String(port)).length;
  }
}
