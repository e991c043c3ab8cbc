/**
 * Runs inside one host of the demo, as a process of its own:
 *   probe.ts listen PORT...     accepts TCP connections until it is ended
 *   probe.ts connect ADDR PORT  prints what became of one connection: connected, silence, or the error
 *   probe.ts get URL            prints what an HTTP server answers
 */
import { get } from 'node:http';
import { connect, createServer } from 'node:net';

/** Long enough for a second SYN, one second after the first. */
const PATIENCE_MS = 1500;

function listen(ports: readonly string[]): void {
  let waiting = ports.length;
  for (const port of ports) {
    createServer((socket) => socket.end()).listen(Number(port), () => {
      waiting--;
      if (waiting === 0) process.stdout.write('ready\n');
    });
  }
}

function tryConnection(address: string, port: string): void {
  const socket = connect(Number(port), address);
  const done = (result: string): void => {
    process.stdout.write(`${result}\n`);
    socket.destroy();
  };
  socket.setTimeout(PATIENCE_MS, () => done('silence'));
  socket.on('connect', () => done('connected'));
  socket.on('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message));
}

const [mode, first = '', ...rest] = process.argv.slice(2);
if (mode === 'listen') listen([first, ...rest]);
else if (mode === 'connect') tryConnection(first, rest[0] ?? '');
else get(first, (response) => response.pipe(process.stdout));
