/** What the bench and its processes of simulated agents tell each other. */
import type { FrontTls } from '../../src/agent/fleet/front-connection.ts';

export interface AgentIdentity {
  readonly name: string;
  /** PEM. */
  readonly certificate: string;
}

/** The first message: who the agents of the process are. They begin at once. */
export interface Begin {
  readonly front: string;
  /** Of all agents, but for the certificate of each. */
  readonly tls: Omit<FrontTls, 'cert'>;
  /** Public keys whose orders count. */
  readonly operators: readonly string[];
  readonly agents: readonly AgentIdentity[];
}

/** Any other message: from now on a policy is confirmed over a new connection, as a host does once it is in force. */
export const CONFIRM = 'confirm';

/**
 * `connected`: everything was told over a new connection. `told`: an order was verified. `verified`: its policy is there, is
 * the one that the order names, and is confirmed where that is wanted. `reported`: a status is about to be sent. `begun`: the
 * turn of the host has come, and the policy waits to be confirmed. `returned`: it could not be in time, and is tried again.
 */
export const EVENT_KINDS = ['connected', 'told', 'verified', 'reported', 'begun', 'returned'] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

export interface AgentEvent {
  readonly kind: EventKind;
  readonly host: string;
  /** Of the order that applies; 0: none. */
  readonly seq: number;
  /** Milliseconds of Unix time. */
  readonly at: number;
}

/** Unix time with fractions, the same in all processes. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}
