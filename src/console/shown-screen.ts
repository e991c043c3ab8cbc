/** Which screen is shown: the fragment of the address. */

const PLAIN = ['overview', 'policies', 'chart', 'sets', 'drops', 'report', 'fleet', 'doctor', 'changes'] as const;
type PlainScreen = (typeof PLAIN)[number];

export type Place =
  | { readonly screen: PlainScreen }
  | { readonly screen: 'policy'; readonly name: string }
  /** With a packet, such as one that was dropped: it is explained at once. */
  | { readonly screen: 'explain'; readonly packet: string | undefined }
  /** Without a name: a policy that is new. */
  | { readonly screen: 'edit'; readonly name: string | undefined };

export function placeOf(hash: string): Place {
  const [, screen = '', name] = hash.split('/');
  const named = name === undefined || name === '' ? undefined : decode(name);
  if (screen === 'policies' && named !== undefined) return { screen: 'policy', name: named };
  if (screen === 'edit') return { screen, name: named };
  if (screen === 'explain') return { screen, packet: named };
  return { screen: PLAIN.find((known) => known === screen) ?? 'overview' };
}

export function addressOf(place: Place): string {
  if (place.screen === 'explain')
    return place.packet === undefined ? '#/explain' : `#/explain/${encodeURIComponent(place.packet)}`;
  if (!('name' in place)) return `#/${place.screen}`;
  const screen = place.screen === 'policy' ? 'policies' : place.screen;
  return place.name === undefined ? `#/${screen}` : `#/${screen}/${encodeURIComponent(place.name)}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
