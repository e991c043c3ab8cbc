/** A way over TCP on loopback that can be cut: connections stay open or wait to begin, and nothing goes through. */
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';

interface Pair {
  readonly inner: Socket;
  readonly outer: Socket;
}

export class Relay implements Disposable {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #isCut = false;

  private constructor(to: number) {
    this.#server = createServer({ pauseOnConnect: true }, (inner) =>
      this.#add({ inner, outer: connect(to, '127.0.0.1') }),
    );
  }

  /** To a port of loopback. */
  static async open(to: number): Promise<Relay> {
    const relay = new Relay(to);
    await new Promise<void>((resolve) => relay.#server.listen(0, '127.0.0.1', resolve));
    return relay;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  cut(): void {
    this.#isCut = true;
    for (const { inner, outer } of this.#pairs) {
      inner.unpipe(outer).pause();
      outer.unpipe(inner).pause();
    }
  }

  /** What waited goes through. */
  heal(): void {
    this.#isCut = false;
    for (const pair of this.#pairs) join(pair);
  }

  [Symbol.dispose](): void {
    this.#server.close();
    for (const { inner, outer } of this.#pairs) for (const socket of [inner, outer]) socket.destroy();
  }

  #add(pair: Pair): void {
    this.#pairs.add(pair);
    for (const socket of [pair.inner, pair.outer]) {
      socket.on('error', () => undefined);
      socket.once('close', () => {
        this.#pairs.delete(pair);
        for (const one of [pair.inner, pair.outer]) one.destroy();
      });
    }
    if (!this.#isCut) join(pair);
  }
}

function join({ inner, outer }: Pair): void {
  inner.pipe(outer);
  outer.pipe(inner);
}
