/** What a request met, as it goes over the wire. */
import type { WireError } from '../../api/wire-error.ts';
import { encodeError } from '../../api/wire-error.ts';
import { EnvironmentError } from '../../base/environment-error.ts';
import { messageOf } from '../../base/message-of.ts';
import { explainFailure } from '../../engine/failure.ts';
import { LockHeld } from '../../store/store.ts';
import { TurnTaken } from './change-turn.ts';

/** Of a bug: what the log has, and the wire has not. */
export interface Fault {
  readonly message: string;
  readonly stack: string | undefined;
}

export interface EncodedFailure {
  readonly error: WireError;
  readonly fault: Fault | undefined;
}

/** A failure that a thread has encoded. */
export class AnsweredFailure extends Error {
  readonly failure: EncodedFailure;

  constructor(failure: EncodedFailure) {
    super(failure.error.message);
    this.name = 'AnsweredFailure';
    this.failure = failure;
  }
}

export function encodeFailure(thrown: unknown): EncodedFailure {
  if (thrown instanceof AnsweredFailure) return thrown.failure;
  const error = explainFailure(thrown);
  if (isBadRequest(error)) {
    const refused = new EnvironmentError('XDPOL_E_REQUEST', error.message, { help: 'see docs/openapi.json' });
    return { error: encodeError(refused), fault: undefined };
  }
  const encoded = { ...encodeError(error), ...holderOf(error) };
  if (encoded.code !== 'XDPOL_E_INTERNAL') return { error: encoded, fault: undefined };
  const stack = error instanceof Error ? error.stack : undefined;
  return { error: encoded, fault: { message: messageOf(error), stack } };
}

/** Of fastify: a body that is no JSON, too long, or not what the schema asks for. */
function isBadRequest(error: unknown): error is Error {
  const { statusCode } = error as { readonly statusCode?: number };
  return error instanceof Error && statusCode !== undefined && statusCode >= 400 && statusCode < 500;
}

function holderOf(error: unknown): Pick<WireError, 'holder'> {
  if (error instanceof TurnTaken) return { holder: { who: error.holder.who, since: error.holder.since } };
  if (!(error instanceof LockHeld)) return {};
  return { holder: { who: `process ${error.pid}`, since: error.since?.toISOString() ?? null } };
}
