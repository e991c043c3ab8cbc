import { expect, test } from 'vitest';
import { parseSshConnection } from '../../../../src/host/guard/ssh-connection.ts';

test('SSH_CONNECTION has four words; a zone is left out', () => {
  const ends = { remotePort: 50_000, localPort: 22 };
  expect(parseSshConnection('203.0.113.9 50000 192.0.2.1 22')).toEqual({
    remoteAddress: '203.0.113.9',
    localAddress: '192.0.2.1',
    ...ends,
  });
  expect(parseSshConnection('fe80::2%eth0 50000 fe80::1%eth0 22')).toEqual({
    remoteAddress: 'fe80::2',
    localAddress: 'fe80::1',
    ...ends,
  });
});

test.each([
  '',
  '203.0.113.9 50000 192.0.2.1',
  '203.0.113.9 x 192.0.2.1 22',
  'UNKNOWN 65535 UNKNOWN 65535',
  ' '.repeat(500),
])('"%s" is none', (text) => {
  expect(parseSshConnection(text)).toBeUndefined();
});
