/**
 * So many handshakes at a time. Where all hosts come back together, handshakes that all go on at once all end late, and
 * every host gives up before its own is over. In turns, those that are served are served in time; the others try again.
 */
import type { Socket } from 'node:net';

export interface TurnLimits {
  readonly atOnce: number;
  /** Milliseconds of a turn at most: who says nothing holds nobody up for longer. The handshake may go on. */
  readonly longest: number;
  /** Milliseconds after which a connection that still waits is ended: a host gives up a little later. */
  readonly patience: number;
}

interface Waiting {
  readonly socket: Socket;
  readonly since: number;
}

/** No two connections have the same. */
function nameOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

export class HandshakeTurns implements Disposable {
  readonly #limits: TurnLimits;
  readonly #begin: (socket: Socket) => void;
  readonly #waiting: Waiting[] = [];
  /** Ends the turns that are taken. */
  readonly #taken = new Map<string, () => void>();

  /** `begin`: the turn of a connection has come. */
  constructor(limits: TurnLimits, begin: (socket: Socket) => void) {
    this.#limits = limits;
    this.#begin = begin;
  }

  add(socket: Socket): void {
    socket.on('error', () => undefined);
    this.#waiting.push({ socket, since: performance.now() });
    this.#next();
  }

  /** The handshake over this connection has ended well; of one that ends the connection it is known. */
  done(socket: Socket): void {
    this.#taken.get(nameOf(socket))?.();
  }

  [Symbol.dispose](): void {
    for (const { socket } of this.#waiting.splice(0)) socket.destroy();
  }

  #next(): void {
    while (this.#taken.size < this.#limits.atOnce) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      if (performance.now() - next.since > this.#limits.patience) next.socket.destroy();
      else this.#take(next.socket);
    }
  }

  #take(socket: Socket): void {
    const name = nameOf(socket);
    const end = (): void => {
      clearTimeout(late);
      if (this.#taken.get(name) !== end) return;
      this.#taken.delete(name);
      this.#next();
    };
    const late = setTimeout(end, this.#limits.longest);
    this.#taken.set(name, end);
    socket.once('close', end);
    this.#begin(socket);
  }
}
