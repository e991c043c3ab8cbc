/** What hosts of a fleet have put in force, as they wrote it down: one file a host, one line an order. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { Order } from '../../src/fleet/order.ts';
import type { HostFolders } from './fleet-centre.ts';

export interface PutInForce {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Of the order. */
  readonly digest: string;
  readonly order: Order;
}

function pathOf({ state }: HostFolders): string {
  return `${state}.journal`;
}

export function writeJournal(host: HostFolders, line: PutInForce): void {
  appendFileSync(pathOf(host), `${JSON.stringify(line)}\n`);
}

export function readJournal(host: HostFolders): readonly PutInForce[] {
  if (!existsSync(pathOf(host))) return [];
  const lines = readFileSync(pathOf(host), 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as PutInForce);
}

/** Digest of the policy that is in force; null: none is. */
export function inForceOn(host: HostFolders): string | null {
  const order = readJournal(host).at(-1)?.order;
  return order?.kind === 'policy' ? order.policy.sha256 : null;
}
