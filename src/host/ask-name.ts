/** Asking for the addresses of one name, and for how long the answer holds. */
import { Resolver } from 'node:dns/promises';
import { addressTexts, readAnswers, resolveBySystem } from './host-addresses.ts';
import type { NameAnswer } from './name-watch.ts';

/** Milliseconds. */
const TTL_PATIENCE = 2000;

/** Rejects where there is no answer. */
export async function askName(name: string): Promise<NameAnswer> {
  const addresses = addressTexts(readAnswers(await resolveBySystem(name)));
  if (addresses.length === 0) throw new Error('no answer');
  return { addresses, ttl: await timeToLive(name, addresses) };
}

/**
 * Seconds; undefined where DNS does not say it of any of the addresses. The resolver of the system has the addresses, and
 * not this.
 */
async function timeToLive(name: string, addresses: readonly string[]): Promise<number | undefined> {
  const resolver = new Resolver({ timeout: TTL_PATIENCE, tries: 1 });
  const asked = [resolver.resolve4(name, { ttl: true }), resolver.resolve6(name, { ttl: true })];
  const records = (await Promise.allSettled(asked)).flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
  const ours = records.filter(({ address }) =>
    addressTexts(readAnswers([address])).some((text) => addresses.includes(text)),
  );
  return ours.length === 0 ? undefined : Math.min(...ours.map(({ ttl }) => ttl));
}
