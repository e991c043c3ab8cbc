/** Which screen is shown: the fragment of the address. */

export type Place = { readonly screen: 'overview' | 'policies' } | { readonly screen: 'policy'; readonly name: string };

export function placeOf(hash: string): Place {
  const [, screen = '', name] = hash.split('/');
  if (screen === 'policies' && name !== undefined && name !== '') return { screen: 'policy', name: decode(name) };
  return screen === 'policies' ? { screen } : { screen: 'overview' };
}

export function addressOf(place: Place): string {
  return place.screen === 'policy' ? `#/policies/${encodeURIComponent(place.name)}` : `#/${place.screen}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
