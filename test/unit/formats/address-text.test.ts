import { expect, test } from 'vitest';
import { formatPrefix } from '../../../src/base/ip.ts';
import { readDnsName, readPrefix } from '../../../src/formats/address-text.ts';

const read: readonly (readonly [text: string, expected: string])[] = [
  ['10.0.0.1', '10.0.0.1'],
  ['10.0.0.0/8', '10.0.0.0/8'],
  ['10.0.0.0/255.0.0.0', '10.0.0.0/8'],
  ['0.0.0.0/0', '0.0.0.0/0'],
  ['0.0.0.0/0.0.0.0', '0.0.0.0/0'],
  ['10.0.0.1/255.255.255.255', '10.0.0.1'],
  ['10.*.*.*', '10.0.0.0/8'],
  ['10.*', '10.0.0.0/8'],
  ['10.1.*.*', '10.1.0.0/16'],
  ['10.1.2.*', '10.1.2.0/24'],
  ['2001:DB8::/32', '2001:db8::/32'],
  ['::', '::'],
  ['::/0', '::/0'],
  ['::ffff:10.0.0.1', '10.0.0.1'],
  ['10.1.2.3/8', '10.0.0.0/8 masked'],
  ['2001:db8::1/32', '2001:db8::/32 masked'],
  ['10.0.0.0/33', 'XP0203'],
  ['2001:db8::/129', 'XP0203'],
  ['10.0.0.0/', 'XP0203'],
  ['2001:db8::/255.0.0.0', 'XP0203'],
  ['10.0.0.0/255.0.255.0', 'XP0202'],
  ['10.0.0.0/0.0.0.255', 'XP0202'],
  ['10.0.0.256', 'XP0201'],
  ['010.0.0.1', 'XP0201'],
  ['10.0.0', 'XP0201'],
  ['10/8', 'XP0201'],
  ['1.2.3.4.5', 'XP0201'],
  ['*.1.2.3', 'XP0201'],
  ['10.*.1.*', 'XP0201'],
  ['256.*.*.*', 'XP0201'],
  ['10.*.*.*/8', 'XP0201'],
  ['10.*.*.*.*', 'XP0201'],
  ['2001:db8', 'XP0201'],
  ['fe80::1%eth0', 'XP0201'],
  ['host/24', 'XP0201'],
  ['host', 'other'],
  ['', 'other'],
];
for (const [text, expected] of read) {
  test(`readPrefix: "${text}"`, () => {
    const reading = readPrefix(text);
    if (reading.kind === 'prefix') {
      expect(`${formatPrefix(reading.prefix)}${reading.hostBits ? ' masked' : ''}`).toBe(expected);
    } else {
      expect(reading.kind === 'wrong' ? reading.code : reading.kind).toBe(expected);
    }
  });
}

test('readPrefix: helps that name the repaired text', () => {
  const helpOf = (text: string): string | undefined => {
    const reading = readPrefix(text);
    return reading.kind === 'wrong' ? reading.help : undefined;
  };
  expect(helpOf('010.0.0.1')).toContain('10.0.0.1');
  expect(helpOf('10/8')).toContain('10.0.0.0/8');
  expect(helpOf('10.0.0.0/0.0.0.255')).toContain('/24');
});

const names: readonly (readonly [text: string, expected: string | undefined])[] = [
  ['mail.example.com', 'mail.example.com'],
  ['Mail.Example.COM.', 'mail.example.com'],
  ['Machine1', 'machine1'],
  ['_dmarc.example.com', '_dmarc.example.com'],
  ['1.2.3.300', undefined],
  ['a..b', undefined],
  ['-a', undefined],
  ['a b', undefined],
  ['', undefined],
  [`${'a'.repeat(64)}.com`, undefined],
];
for (const [text, expected] of names) {
  test(`readDnsName: "${text.slice(0, 30)}"`, () => expect(readDnsName(text)).toBe(expected));
}
