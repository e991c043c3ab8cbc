/** Whom a command of root works for, as it goes over the wire: the socket knows only root. */
import type { Asker } from '../host/context.ts';

export const ASKER_HEADER = 'xdpol-asker';

type Named = Pick<Asker, 'who' | 'uid' | 'ssh'>;

/** A header takes ASCII alone. */
export function encodeAsker({ who, uid, ssh }: Named): string {
  return encodeURIComponent(JSON.stringify({ who, uid, ssh }));
}

/** undefined where it says nothing that can be read. */
export function decodeAsker(header: string | undefined): Named | undefined {
  if (header === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(decodeURIComponent(header));
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { who, uid, ssh } = value as Partial<Record<keyof Named, unknown>>;
  if (typeof who !== 'string' || who === '' || typeof uid !== 'number') return undefined;
  return { who, uid, ...(typeof ssh === 'string' ? { ssh } : {}) };
}
