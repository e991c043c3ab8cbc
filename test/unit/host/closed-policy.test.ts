import { expect, test } from 'vitest';
import { Diagnostics } from '../../../src/base/diagnostics.ts';
import { readConfig } from '../../../src/formats/yaml/config-reader.ts';
import { CLOSED_POLICY, closedPolicy } from '../../../src/host/closed-policy.ts';
import { classify } from '../../../src/policy/classify.ts';
import { NO_ADDRESSES } from '../../../src/policy/defaults.ts';
import { parsePacketText } from '../../../src/policy/packet/text.ts';

const CONFIG = `protect:
  - { source: 192.0.2.0/24, destination: me, protocol: tcp, destinationPort: 22, mirrored: established }
  - { source: me, destination: 192.0.2.53, protocol: udp, destinationPort: 53 }
`;
const policy = closedPolicy(readConfig('config.yaml', CONFIG, new Diagnostics()).protect);

test.each([
  ['tcp 192.0.2.9:40000 -> 198.51.100.1:22', 'pass'],
  ['tcp 198.51.100.1:22 -> 192.0.2.9:40000', 'drop'],
  ['udp 198.51.100.1:40000 -> 192.0.2.53:53', 'pass'],
  ['udp 192.0.2.53:53 -> 198.51.100.1:40000', 'pass'],
  ['tcp 203.0.113.9:40000 -> 198.51.100.1:22', 'drop'],
  ['tcp 192.0.2.9:40000 -> 198.51.100.1:80', 'drop'],
])('%s: %s, without an address of the host being known', (text, verdict) => {
  const diags = new Diagnostics();
  const packet = parsePacketText(text, {}, diags);
  expect(diags.all).toEqual([]);
  if (packet === undefined) throw new Error('not a packet');
  expect(classify(policy, NO_ADDRESSES, packet).verdict).toBe(verdict);
});

test('what keeps a host in its network passes by exemption', () => {
  expect(policy.exemptions).toContain('neighbor-discovery');
  expect(policy.exemptions).not.toContain('kerberos');
});

test('without protected traffic it has no rules', () => {
  expect(closedPolicy([])).toMatchObject({ name: CLOSED_POLICY, default: 'block', rules: [] });
});
