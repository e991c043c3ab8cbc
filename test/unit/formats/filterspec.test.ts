import { expect, test } from 'vitest';
import { Diagnostics } from '../../../src/base/diagnostics.ts';
import { parseFilterSpec } from '../../../src/formats/filterspec.ts';
import { tokenOf } from '../../../src/formats/token.ts';
import { plainFilter } from '../../../src/formats/yaml/print.ts';
import type { Filter } from '../../../src/policy/model.ts';

/** The filter in the mapping form, on one line. */
function summary(filter: Filter): string {
  return Object.entries(plainFilter(filter))
    .map(([key, value]) => `${key}=${value}`)
    .join(' ')
    .replace('source=', '')
    .replace('destination=', '-> ');
}

function parse(text: string): { readonly filters: string[]; readonly codes: string[] } {
  const diags = new Diagnostics();
  const { filters } = parseFilterSpec(tokenOf(text, 'command line'), diags);
  return {
    filters: filters.map(({ filter, action }) => `${action === undefined ? '' : `${action} `}${summary(filter)}`),
    codes: diags.all.map((d) => `${d.code}@${d.span.column}+${d.span.length}`),
  };
}

const good: readonly (readonly [spec: string, ...expected: string[]])[] = [
  ['*+131.107.1.1:80:TCP', 'any -> 131.107.1.1 protocol=tcp destinationPort=80 mirrored=true'],
  ['131.107.1.1+*:25:TCP', '131.107.1.1 -> any protocol=tcp destinationPort=25 mirrored=true'],
  ['*+131.107.1.1', 'any -> 131.107.1.1 mirrored=true'],
  ['*=131.107.1.1', 'any -> 131.107.1.1'],
  ['0+*', 'me -> any mirrored=true'],
  ['*=0::6', 'any -> me protocol=tcp'], // not the IPv6 address 0::6
  ['10.0.0.1+10.0.0.2::6', '10.0.0.1 -> 10.0.0.2 protocol=tcp mirrored=true'],
  ['Machine1+Machine2::6', 'machine1 -> machine2 protocol=tcp mirrored=true'],
  [
    '172.31.0.0/255.255.0.0:80=157.0.0.0/255.0.0.0:80:TCP',
    '172.31.0.0/16 -> 157.0.0.0/8 protocol=tcp sourcePort=80 destinationPort=80',
  ],
  ['10.*.*.*+128.*', '10.0.0.0/8 -> 128.0.0.0/8 mirrored=true'],
  ['10.0.0.0/8=*', '10.0.0.0/8 -> any'],
  ['*:0=0:0:UDP', 'any -> me protocol=udp'],
  ['*:=0::UDP', 'any -> me protocol=udp'],
  ['*=*::ICMP', 'any -> any protocol=icmp'],
  ['*=*::RAW', 'any -> any protocol=255'],
  ['*=*::SCTP', 'any -> any protocol=sctp'],
  ['*=*::47', 'any -> any protocol=47'],
  ['*=[2001:db8::1]::ICMPV6', 'any -> 2001:db8::1 protocol=icmpv6'],
  ['*+[2001:db8::1]:80:TCP', 'any -> 2001:db8::1 protocol=tcp destinationPort=80 mirrored=true'],
  ['[2001:db8::]/32+[2001:db8:1::/48]', '2001:db8::/32 -> 2001:db8:1::/48 mirrored=true'],
  ['[2001:db8::1]+[2001:db8::2]', '2001:db8::1 -> 2001:db8::2 mirrored=true'],
  ['[::]=*', ':: -> any'],
  ['(*+10.0.0.1)', 'permit any -> 10.0.0.1 mirrored=true'],
  ['[*+10.0.0.1:80:TCP]', 'block any -> 10.0.0.1 protocol=tcp destinationPort=80 mirrored=true'],
  ['[[::1]+[::2]]', 'block ::1 -> ::2 mirrored=true'],
  ['([::1]+[::2])', 'permit ::1 -> ::2 mirrored=true'],
  ['*+10.0.0.1 [*+10.0.0.2]', 'any -> 10.0.0.1 mirrored=true', 'block any -> 10.0.0.2 mirrored=true'],
];
for (const [spec, ...expected] of good) {
  test(`filterspec: ${spec}`, () => expect(parse(spec)).toEqual({ filters: expected, codes: [] }));
}

/** Code, column and length of each diagnostic; the filters that remain are in the last place. */
const bad: readonly (readonly [spec: string, ...codes: string[]])[] = [
  ['', 'XP0502@1+1'],
  ['131.107.1.1', 'XP0502@1+11'],
  ['[2001:db8::1]', 'XP0502@2+11'],
  ['(*+1.1.1.1', 'XP0503@1+10'],
  ['[*+1.1.1.1', 'XP0503@1+10'],
  ['*+[::1', 'XP0503@3+4'],
  ['*+1.1.1.1:80:TCP:x', 'XP0504@17+2'],
  ['*:80:TCP+1.1.1.1', 'XP0506@5+4'],
  ['*+2001:db8::1:80:TCP', 'XP0507@3+18'],
  ['::1+*', 'XP0507@1+3'],
  ['+1.1.1.1', 'XP0508@1+1'],
  ['*+', 'XP0508@3+1'],
  ['*+:80:TCP', 'XP0508@3+7'],
  ['any+1.1.1.1', 'XP0511@1+3'],
  ['*+me', 'XP0511@3+2'],
  ['*+$office', 'XP0512@3+7'],
  ['*+1.1.1.1:80-90:TCP', 'XP0510@11+5'],
  ['*+1.1.1.1:TCP', 'XP0110@11+3'],
  ['*+1.1.1.1:99999:TCP', 'XP0111@11+5'],
  ['*+1.1.1.1:80:tcp', 'XP0114@14+3'],
  ['*+1.1.1.1:80:XYZ', 'XP0114@14+3'],
  ['*+1.1.1.1::256', 'XP0115@12+3'],
  ['*+1.1.1.1:80', 'XP0120@11+2'],
  ['*:80+1.1.1.1::ICMP', 'XP0120@3+2'],
  ['1.1.1.1+[::1]', 'XP0205@9+5'],
  ['*+1.1.1.256', 'XP0201@3+9'],
  ['*+a_b!', 'XP0201@3+4'],
  ['*+[10.0.0.1]', 'XP0201@3+10'],
  ['*+10.0.0.0/255.0.255.0', 'XP0202@3+20'],
  ['*+10.0.0.0/40', 'XP0203@3+11'],
  ['x!+y!:q', 'XP0201@1+2', 'XP0201@4+2', 'XP0110@7+1'],
];
for (const [spec, ...codes] of bad) {
  test(`filterspec with a mistake: ${spec}`, () => expect(parse(spec)).toEqual({ filters: [], codes }));
}

test('filterspec: host bits are masked with a warning', () => {
  expect(parse('10.1.2.3/8=[2001:db8::1]/32')).toEqual({
    filters: [],
    codes: ['XP0501@1+10', 'XP0501@12+16', 'XP0205@12+16'],
  });
  expect(parse('10.1.2.3/255.0.0.0=*')).toEqual({ filters: ['10.0.0.0/8 -> any'], codes: ['XP0501@1+18'] });
});

test('filterspec: the text of a filter is the spec without its action', () => {
  const { filters } = parseFilterSpec(tokenOf(' *+10.0.0.1  [0=*]', 'command line'), new Diagnostics());
  expect(filters.map(({ filter }) => [filter.text, filter.span.column])).toEqual([
    ['*+10.0.0.1', 2],
    ['0=*', 15],
  ]);
});
