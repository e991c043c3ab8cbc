/** Errors on the wire: the codes of the command line, and an HTTP status for those who go by it. */
import type { Diagnostic } from '../base/diagnostics.ts';
import { EnvironmentError } from '../base/environment-error.ts';
import type { ErrorCode } from '../base/errors/catalogue.ts';
import { ERRORS } from '../base/errors/catalogue.ts';
import { POLICY_CODE, PolicyRejected } from '../base/policy-rejected.ts';

export interface WireError {
  readonly code: ErrorCode | typeof POLICY_CODE;
  readonly message: string;
  readonly help: string | null;
  readonly diagnostics?: readonly Diagnostic[];
  /** Of XDPOL_E_LOCKED: who changes the host meanwhile, and since when. */
  readonly holder?: { readonly who: string; readonly since: string | null };
}

const STATUS: Readonly<Partial<Record<WireError['code'], number>>> = {
  [POLICY_CODE]: 422,
  XDPOL_E_LOCKED: 409,
  XDPOL_E_ASSIGNED: 409,
  XDPOL_E_NOT_ASSIGNED: 409,
  XDPOL_E_SET: 422,
  XDPOL_E_KEY_REUSED: 422,
  XDPOL_E_NOT_STORED: 404,
  XDPOL_E_NO_RULE: 404,
  XDPOL_E_NO_DYNAMIC_RULE: 404,
  XDPOL_E_NO_INTERFACE: 404,
  XDPOL_E_NO_ROUTE: 404,
  XDPOL_E_PRIVILEGES: 403,
  XDPOL_E_ROLE: 403,
  XDPOL_E_PERMISSION: 403,
  XDPOL_E_OTHER_HOST: 421,
  XDPOL_E_SIGNED_OUT: 401,
  XDPOL_E_SIGN_IN_LIMIT: 429,
  XDPOL_E_LISTENERS: 429,
  XDPOL_E_BUSY: 429,
  XDPOL_E_QUESTION: 503,
  XDPOL_E_FORGED: 403,
};

export function statusOf(code: WireError['code']): number {
  const given = STATUS[code];
  if (given !== undefined) return given;
  return code !== POLICY_CODE && ERRORS[code].exit === 2 ? 400 : 500;
}

/** `error` is one that a user may see, or a bug, of which the wire carries no details. */
export function encodeError(error: unknown): WireError {
  if (error instanceof PolicyRejected) {
    return { code: POLICY_CODE, message: error.message, help: null, diagnostics: error.diagnostics };
  }
  if (error instanceof EnvironmentError) {
    return { code: error.code, message: error.message, help: error.help ?? null };
  }
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof Error && typeof code === 'string') {
    return { code: 'XDPOL_E_SYSTEM', message: error.message, help: null };
  }
  return { code: 'XDPOL_E_INTERNAL', message: 'the agent met a fault', help: 'its log has more' };
}

export function decodeError({ code, message, help, diagnostics }: WireError): Error {
  if (code === POLICY_CODE) return new PolicyRejected(diagnostics ?? []);
  const known = code in ERRORS ? code : 'XDPOL_E_INTERNAL';
  return new EnvironmentError(known, message, help === null ? {} : { help });
}
