/** The web console over the wire: how a session is opened, and what a browser learns about its own. */
import type { Role } from '../base/roles.ts';
import { ROLES } from '../base/roles.ts';
import type { RouteEntry } from './routes.ts';
import { object, oneOf, TEXT } from './schema.ts';

export interface ConsoleAddress {
  /** With a secret that opens one session. */
  readonly address: string;
  /** ISO 8601, UTC: it opens none from then on. */
  readonly until: string;
}

export interface ConsoleSession {
  readonly who: string;
  readonly role: Role;
  /** Of the host that is shown, or from which a fleet is. */
  readonly hostName: string;
  /** What its screens are about: that host, or a fleet that is directed from it. */
  readonly subject: 'host' | 'fleet';
  /** Goes with every change, in the header CSRF_HEADER. */
  readonly csrf: string;
  /** ISO 8601, UTC. */
  readonly until: string;
}

export const CSRF_HEADER = 'xdpol-csrf';
/** Of the console's own listener: POST a token to sign in, GET the session, DELETE it. */
export const SESSION_PATH = '/console/session';

/** Answered on the agent's socket only. */
export const OPEN_CONSOLE: RouteEntry = {
  method: 'POST',
  path: '/v1/console',
  summary: 'a one-time address of the web console, on the loopback interface',
  isChange: false,
  role: 'viewer',
  body: object({ role: oneOf(...ROLES) }),
  outcome: object({ address: TEXT, until: TEXT }),
};
