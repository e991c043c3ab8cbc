import { expect, test } from 'vitest';
import { renderExplanation } from '../../../../src/cli/render/explanation.ts';
import { explain } from '../../../../src/policy/explain.ts';
import { formatPacket } from '../../../../src/policy/packet/text.ts';
import type { TestPacket } from '../../../support/packets.ts';
import { packetOf, raw, tcp } from '../../../support/packets.ts';
import { block, hostOf, permit, policyOf } from '../../../support/policies.ts';

const POLICY = policyOf(
  [
    { ...block({ to: '131.107.1.1' }), name: 'All inbound traffic' },
    { ...permit({ to: '131.107.1.1', protocol: 'tcp', dport: '80' }), name: 'web' },
  ],
  { exemptions: ['rsvp'] },
);

function rendered(test: TestPacket, colour = false): string[] {
  const packet = packetOf(test);
  return renderExplanation(formatPacket(packet), explain(POLICY, hostOf(), packet), { colour }).split('\n');
}

test('columns are aligned and the deciding key is marked below the winner', () => {
  expect(rendered(tcp('203.0.113.9', '131.107.1.1'))).toEqual([
    'tcp 203.0.113.9:40000 -> 131.107.1.1:80',
    'pass  by rule "web", filter any:* = 131.107.1.1:80 6, first by: named protocol',
    '',
    '  RULE                 FILTER                     HALF     LONG  SHORT  PROTOCOL  NARROW  WIDE   ESTABLISHED  INTERFACE  ACTION  BEHIND BY',
    '> web                  any:* = 131.107.1.1:80 6   forward  /32   /0     named     1       65536  no           any        permit',
    '                                                                        ^^^^^',
    '  All inbound traffic  any:* = 131.107.1.1:* any  forward  /32   /0     any       65536   65536  no           any        block   named protocol',
  ]);
});

test('without candidates', () => {
  expect(rendered(tcp('203.0.113.9', '198.51.100.1'))).toEqual([
    'tcp 203.0.113.9:40000 -> 198.51.100.1:80',
    'pass  by default',
    'no filter matches',
  ]);
});

test('the only candidate has nothing to mark', () => {
  const lines = rendered(tcp('203.0.113.9', '131.107.1.1', { dport: 22 }));
  expect(lines[1]).toBe('drop  by rule "All inbound traffic", filter any:* = 131.107.1.1:* any, the only candidate');
  expect(lines).toHaveLength(5);
});

test('an exemption leaves no winner', () => {
  const lines = rendered(raw(46, '203.0.113.9', '131.107.1.1'));
  expect(lines[1]).toBe('pass  by exemption rsvp; the filters below have no say');
  expect(lines.some((line) => line.startsWith('>'))).toBe(false);
});

test('colour, where asked for, changes nothing else', () => {
  const packet = tcp('203.0.113.9', '131.107.1.1');
  const coloured = rendered(packet, true).join('\n');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is removed.
  expect(coloured.replaceAll(/\u001b\[\d+m/gu, '')).toBe(rendered(packet).join('\n'));
  expect(coloured).toContain('\u001b[32mpass\u001b[0m');
});
