import { expect, test } from 'vitest';
import { addressOf, placeOf } from '../../../src/console/shown-screen.ts';

test('every place has an address that leads to it', () => {
  for (const place of [
    { screen: 'overview' },
    { screen: 'policies' },
    { screen: 'drops' },
    { screen: 'explain', packet: undefined },
    { screen: 'explain', packet: 'tcp [2001:db8::1]:1 -> [2001:db8::2]:2 arriving on a/b' },
    { screen: 'policy', name: 'a/b %2F "ü"' },
    { screen: 'edit', name: 'a/b %2F "ü"' },
    { screen: 'edit', name: undefined },
  ] as const) {
    expect(placeOf(addressOf(place))).toEqual(place);
  }
});

test('what is no address leads to the overview, and a name that is no escape stays', () => {
  expect(['', '#', '#/nowhere'].map(placeOf)).toEqual(Array.from({ length: 3 }, () => ({ screen: 'overview' })));
  expect(placeOf('#/policies/100%')).toEqual({ screen: 'policy', name: '100%' });
});
