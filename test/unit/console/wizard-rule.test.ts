/** What the wizard makes of what is typed. */
import { expect, test } from 'vitest';
import { filterOf, NEW_FILTER, sayFilter, sayMirror } from '../../../src/console/screens/wizard/rule.ts';

test('a filter has the keys that were answered, and no others', () => {
  expect(filterOf({ ...NEW_FILTER, destinationPort: '443' })).toEqual({
    source: 'any',
    destination: 'me',
    protocol: 'tcp',
    destinationPort: 443,
    mirrored: 'established',
  });
  expect(filterOf({ ...NEW_FILTER, protocol: 'any', destinationPort: '443', mirror: 'yes' })).toEqual({
    source: 'any',
    destination: 'me',
    mirrored: true,
  });
});

test('several ports and addresses become lists, words stay words', () => {
  const source = { kind: 'address', text: '10.0.0.0/8, 192.0.2.1' } as const;
  const filter = filterOf({ ...NEW_FILTER, source, protocol: 'udp', destinationPort: '53, 8000-8080,https' });
  expect(filter).toMatchObject({ source: ['10.0.0.0/8', '192.0.2.1'], destinationPort: [53, '8000-8080', 'https'] });
});

test('established is left out where the protocol is not TCP', () => {
  expect(filterOf({ ...NEW_FILTER, protocol: 'udp' })).not.toHaveProperty('mirrored');
});

test('a set has its sign once, a protocol may be a number, ICMP a type', () => {
  const source = { kind: 'set', text: '$office' } as const;
  expect(filterOf({ ...NEW_FILTER, source, protocol: 'number', protocolNumber: '47', mirror: 'no' })).toEqual({
    source: '$office',
    destination: 'me',
    protocol: 47,
  });
  expect(filterOf({ ...NEW_FILTER, protocol: 'icmp', icmpType: '8' })).toMatchObject({ protocol: 'icmp', icmpType: 8 });
});

test('a filter is said in words, and a mirror that opens connections says so', () => {
  const filter = { ...NEW_FILTER, destinationPort: '443' };
  expect(sayFilter(filter)).toBe('TCP packets from any address to this host, port 443');
  expect(sayMirror('established', filter, 'permit')).toContain('None of them can open one.');
  expect(sayMirror('yes', filter, 'permit')).toContain('Whoever sends them may open connections too.');
  expect(sayMirror('yes', filter, 'block')).toBe(
    'All packets back are dropped: from this host port 443 to any address.',
  );
});
