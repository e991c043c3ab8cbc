/** A connection to a front that asks and follows as a test wants. */
import type { ClientHttp2Session } from 'node:http2';
import { connect } from 'node:http2';
import type { SecureContextOptions } from 'node:tls';
import { present } from '../../src/base/assert.ts';
import type { FollowLine } from '../../src/fleet/front-routes.ts';
import { HOST_ROUTES, OPERATOR_ROUTES, readFollowLine } from '../../src/fleet/front-routes.ts';
import type { Order } from '../../src/fleet/order.ts';
import { parseBody } from '../../src/fleet/signing.ts';

/** With a certificate, or without one. */
export class FrontAsker {
  readonly session: ClientHttp2Session;
  readonly lines: FollowLine[] = [];
  /** Of the last line of that kind. */
  current = -1;
  toldAtOnce = 0;
  epoch = '';
  /** Packed policies that came along. */
  readonly brought: Buffer[] = [];

  constructor(tls: SecureContextOptions, port: number) {
    this.session = connect(`https://localhost:${port}`, tls);
    this.session.on('error', () => undefined);
  }

  async ask(method: string, path: string, body?: object): Promise<readonly [number, Buffer]> {
    const stream = this.session.request({ ':method': method, ':path': path });
    let status = 0;
    stream.once('response', (headers) => (status = headers[':status'] ?? 0));
    stream.end(body === undefined ? undefined : JSON.stringify(body));
    const chunks: Buffer[] = [];
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      // The stream of a host never ends.
      if (path.startsWith(HOST_ROUTES.follow.path) || path.startsWith(OPERATOR_ROUTES.changes.path)) break;
    }
    return [status, Buffer.concat(chunks)];
  }

  follow(query = ''): void {
    const stream = this.session.request({ ':path': `${HOST_ROUTES.follow.path}${query}` });
    let rest = '';
    stream.setEncoding('utf8');
    stream.on('error', () => undefined);
    stream.on('data', (chunk: string) => {
      const parts = (rest + chunk).split('\n');
      rest = parts.pop() ?? '';
      this.lines.push(...parts.filter((part) => part !== '').map((part) => present(readFollowLine(part))));
    });
  }

  /** What it was told since the last time, once it is current `count` times. */
  async told(count = 1): Promise<readonly string[]> {
    while (this.lines.filter(({ kind }) => kind === 'current').length < count) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return this.lines.splice(0).map((line) => {
      if (line.kind === 'current') ({ revision: this.current, hosts: this.toldAtOnce } = line);
      if (line.kind === 'hello') this.epoch = line.epoch;
      if (line.kind === 'policy') this.brought.push(Buffer.from(line.packed, 'base64'));
      if (line.kind !== 'order') return line.kind;
      const { target, seq: number } = parseBody(line.signed) as Order;
      return `${target} ${number}`;
    });
  }

  [Symbol.dispose](): void {
    this.session.destroy();
  }
}
