/**
 * A front that says what a test wants it to say, true or not: `node scripted-front.mjs FOLDER ADDRESS PORT`. FOLDER has its
 * credentials, `lines` (each line is sent to who follows, those that are added too), `blobs/SHA256`, and gets `statuses`.
 * While it has `busy`, who connects is sent away after a while, as by a front that more hosts come to than it can serve;
 * `sent-away` gets a line each time.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { createSecureServer } from 'node:http2';
import { createServer } from 'node:net';
import { join } from 'node:path';

const [folder, address, port] = process.argv.slice(2);
const file = (name) => join(folder, name);
const text = (name) => readFileSync(file(name), 'utf8');
const tls = { ca: text('ca.crt'), crl: text('crl.pem'), cert: text('host.crt'), key: text('host.key') };
const server = createSecureServer({ ...tls, requestCert: true, rejectUnauthorized: true });

const BEAT = 10_000;
const KEPT_WAITING = 5500;

/** Goes on behind the line with the revision that who follows has. */
function follow(stream, since) {
  stream.respond({ ':status': 200 });
  const readLines = () => text('lines').split('\n').slice(0, -1);
  let sent = readLines().findIndex((line) => JSON.parse(line).revision === since) + 1;
  if (sent > 0) stream.write(`${readLines()[0]}\n`);
  const send = () => {
    const lines = readLines();
    for (const line of lines.slice(sent)) stream.write(`${line}\n`);
    sent = lines.length;
  };
  send();
  const timers = [setInterval(send, 50), setInterval(() => stream.write('\n'), BEAT)];
  stream.once('close', () => timers.forEach(clearInterval));
}

server.on('sessionError', () => undefined);
server.on('stream', (stream, headers) => {
  stream.on('error', () => undefined);
  const path = headers[':path'];
  if (path.startsWith('/v1/follow'))
    return follow(stream, Number(new URL(path, 'https://x').searchParams.get('since')));
  if (path === '/v1/status') {
    let body = '';
    stream.on('data', (part) => {
      body += part;
    });
    stream.on('end', () => {
      appendFileSync(file('statuses'), `${body}\n`);
      stream.respond({ ':status': 204 });
      stream.end();
    });
    return undefined;
  }
  const blob = file(`blobs/${path.split('/').at(-1)}`);
  stream.respond({ ':status': existsSync(blob) ? 200 : 404 });
  return stream.end(existsSync(blob) ? readFileSync(blob) : undefined);
});

function sendAway(socket) {
  socket.on('error', () => undefined);
  setTimeout(() => {
    socket.destroy();
    appendFileSync(file('sent-away'), 'one\n');
  }, KEPT_WAITING);
}

const listener = createServer({ pauseOnConnect: true }, (socket) => {
  if (existsSync(file('busy'))) sendAway(socket);
  else server.emit('connection', socket);
});
listener.listen(Number(port), address, () => process.stdout.write('listening\n'));
