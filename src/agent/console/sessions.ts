/** Who is signed in to the console: one-time tokens, and the sessions they open. Both end with the agent. */
import { createHash, randomBytes } from 'node:crypto';
import { EnvironmentError } from '../../base/environment-error.ts';
import type { Role } from '../../base/roles.ts';

/** Milliseconds. */
const TOKEN_LIFE = 300_000;
export const SESSION_LIFE: number = 8 * 3_600_000;
const ATTEMPT_WINDOW = 60_000;
/** Wrong tokens within the window. */
const MOST_FAILURES = 10;
/** The oldest goes for a new one. */
const MOST_KEPT = 64;

/** Whose session it is. */
export interface Holder {
  readonly who: string;
  /** null where it is not known. */
  readonly uid: number | null;
  readonly role: Role;
}

export interface Session extends Holder {
  readonly csrf: string;
  /** Milliseconds since 1970. */
  readonly until: number;
}

interface Token extends Holder {
  readonly until: number;
}

function digest(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** Secrets are kept as digests: looking one up takes a time that reveals nothing about those that are kept. */
export class Sessions {
  /** That gives new addresses. */
  readonly #command: string;
  readonly #now: () => number;
  readonly #tokens = new Map<string, Token>();
  readonly #sessions = new Map<string, Session>();
  #failures: number[] = [];

  /** `now`: milliseconds since 1970. */
  constructor(command: string, now: () => number = Date.now) {
    this.#command = command;
    this.#now = now;
  }

  issueToken(holder: Holder): { readonly token: string; readonly until: number } {
    const token = newSecret();
    const until = this.#now() + TOKEN_LIFE;
    keep(this.#tokens, digest(token), { ...holder, until });
    return { token, until };
  }

  /** Opens a session for a token, which is used up. Throws EnvironmentError. */
  signIn(token: string): { readonly id: string; readonly session: Session } {
    const key = digest(token);
    const found = this.#tokens.get(key);
    this.#tokens.delete(key);
    if (found === undefined || found.until <= this.#now()) {
      this.#countFailure();
      throw new EnvironmentError('XDPOL_E_SIGNED_OUT', 'this address of the console was used, or it is too old', {
        help: this.#nextStep,
      });
    }
    const id = newSecret();
    const session = {
      who: found.who,
      uid: found.uid,
      role: found.role,
      csrf: newSecret(),
      until: this.#now() + SESSION_LIFE,
    };
    keep(this.#sessions, digest(id), session);
    return { id, session };
  }

  /** Throws EnvironmentError where the session is over. */
  require(id: string | undefined): Session {
    const session = id === undefined ? undefined : this.#sessions.get(digest(id));
    if (session !== undefined && session.until > this.#now()) return session;
    throw new EnvironmentError('XDPOL_E_SIGNED_OUT', 'this browser is not signed in', { help: this.#nextStep });
  }

  signOut(id: string | undefined): void {
    if (id !== undefined) this.#sessions.delete(digest(id));
  }

  get #nextStep(): string {
    return `get a new address on the host: ${this.#command}`;
  }

  /** A right token opens a session all the same: nobody shuts out whoever has one. */
  #countFailure(): void {
    const now = this.#now();
    this.#failures = this.#failures.filter((at) => at > now - ATTEMPT_WINDOW).slice(-MOST_FAILURES);
    this.#failures.push(now);
    if (this.#failures.length <= MOST_FAILURES) return;
    throw new EnvironmentError('XDPOL_E_SIGN_IN_LIMIT', `${MOST_FAILURES} attempts to sign in failed within a minute`, {
      help: `use a new address: ${this.#command}`,
    });
  }
}

function keep<T>(map: Map<string, T>, key: string, value: T): void {
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > MOST_KEPT && oldest !== undefined) map.delete(oldest);
}
