/** Joining a fleet, on the host: a key that never leaves it, and a certificate for the token. */
import { X509Certificate } from 'node:crypto';
import type { ClientHttp2Session } from 'node:http2';
import { connect } from 'node:http2';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { EnvironmentError } from '../base/environment-error.ts';
import { messageOf } from '../base/message-of.ts';
import { makeRequest } from '../pki/x509.ts';
import { DurableFiles } from '../store/durable.ts';
import { fieldsOf, isText, isTextList } from '../store/json-fields.ts';
import { withWriteErrors } from '../store/write-errors.ts';
import { connectSocket } from './connect-socket.ts';
import type { JoinAnswer, JoinRequest } from './front-routes.ts';
import { FLEET_FILES, HOST_ROUTES } from './front-routes.ts';
import type { JoinToken } from './join-token.ts';
import { digestOfAuthority, digestOfOperators } from './join-token.ts';
import { parseRecord } from './records.ts';
import { sha256 } from './signing.ts';

/** Of the key until there is a certificate for it. */
const NEW_KEY = `${FLEET_FILES.key}.new`;
/** Milliseconds. */
const TIMEOUT = 15_000;

export interface Joining {
  /** https://HOST:PORT. */
  readonly front: string;
  readonly token: JoinToken;
  readonly name: string;
  /** Gets the files: see FLEET_FILES. */
  readonly folder: string;
}

/** Throws EnvironmentError where the front is none of the token's fleet, or refuses it. */
export async function joinFleet({ front, token, name, folder }: Joining): Promise<void> {
  const { request, key } = await makeRequest(name);
  const files = new DurableFiles();
  const write = (file: string, text: string): void =>
    withWriteErrors(join(folder, file), () => files.write(join(folder, file), Buffer.from(text)));
  withWriteErrors(folder, () => files.makeFolder(folder));
  // First: where the folder takes nothing, the token is still good and the old certificate holds.
  write(NEW_KEY, key);
  try {
    const answer = await ask(front, token, { token: token.secret, name, request });
    if (digestOfAuthority(answer.authority) !== token.authority) throw refused(front, 'it names another authority');
    if (digestOfOperators(answer.operators) !== token.operators) throw refused(front, 'it names other operators');
    write(FLEET_FILES.authority, answer.authority);
    write(FLEET_FILES.revoked, answer.revoked);
    write(FLEET_FILES.operators, `${answer.operators.join('\n')}\n`);
    withWriteErrors(folder, () => files.rename(join(folder, NEW_KEY), join(folder, FLEET_FILES.key)));
    write(FLEET_FILES.certificate, answer.certificate);
  } finally {
    files.sweep(join(folder, NEW_KEY));
  }
}

async function ask(front: string, token: JoinToken, request: JoinRequest): Promise<JoinAnswer> {
  const socket = connectSocket(new URL(front), { rejectUnauthorized: false, minVersion: 'TLSv1.3' });
  const session = connect(front, { createConnection: () => socket });
  try {
    await connected(session, socket);
    // Before the secret is sent.
    if (!isOfAuthority(socket, token.authority)) {
      throw refused(front, 'its certificate is not of the authority that the token names');
    }
    return await send(session, front, request);
  } catch (error) {
    if (error instanceof EnvironmentError) throw error;
    throw new EnvironmentError('XDPOL_E_UNREACHABLE', `${front}: ${messageOf(error)}`, {
      help: 'see whether the front runs there, and whether this host reaches it',
      cause: error,
    });
  } finally {
    socket.destroy();
  }
}

function connected(session: ClientHttp2Session, socket: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    session.setTimeout(TIMEOUT, () => socket.destroy(new Error(`no answer within ${TIMEOUT / 1000} s`)));
    session.once('error', reject);
    session.once('connect', () => {
      session.off('error', reject).on('error', () => undefined);
      resolve();
    });
  });
}

/** The front sends the authority's certificate behind its own. */
function isOfAuthority(socket: TLSSocket, digest: string): boolean {
  const issuer = socket.getPeerCertificate(true).issuerCertificate;
  const own = socket.getPeerX509Certificate();
  if (issuer === undefined || own === undefined || sha256(issuer.raw) !== digest) return false;
  return own.verify(new X509Certificate(issuer.raw).publicKey);
}

async function send(session: ClientHttp2Session, front: string, request: JoinRequest): Promise<JoinAnswer> {
  const { method, path } = HOST_ROUTES.join;
  const stream = session.request({ ':method': method, ':path': path });
  let status = 0;
  stream.once('response', (headers) => {
    status = headers[':status'] ?? 0;
  });
  stream.end(JSON.stringify(request));
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  const { certificate, authority, revoked, operators, message } = fieldsOf<JoinAnswer & { message: string }>(
    parseRecord(Buffer.concat(chunks)),
  );
  if (status !== 200) throw refused(front, isText(message) ? message : `it answered ${status}`);
  if (isText(certificate) && isText(authority) && isText(revoked) && isTextList(operators)) {
    return { certificate, authority, revoked, operators };
  }
  throw refused(front, 'its answer is none that this version reads');
}

function refused(front: string, why: string): EnvironmentError {
  return new EnvironmentError('XDPOL_E_FLEET', `${front}: ${why}`, {
    help: 'get a new token where the fleet is kept: xdpol fleet token NAME',
  });
}
