import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { present } from '../../../../src/base/assert.ts';
import { formatPrefix } from '../../../../src/base/ip.ts';
import { classify } from '../../../../src/policy/classify.ts';
import type { Filter, Policy } from '../../../../src/policy/model.ts';
import { packetOf, udp } from '../../../support/packets.ts';
import { hostOf } from '../../../support/policies.ts';
import { meaningOfPolicy, policyWith, readText } from '../../../support/read-text.ts';

/** The first filter of a policy that must have no errors. */
function filterOf(text: string): Filter {
  const { policy, codes } = readText(text);
  return present(policy?.rules[0]?.filterList.filters[0], codes.join());
}

const SERVICES = 'https 443/tcp www-s # web\nhttps 443/udp\ndomain 53/tcp\ndomain 53/udp\n';
const SETS = '{v4: [10.0.0.0/8], v6: ["2001:db8::/32"], both: [10.0.0.0/8, "2001:db8::/32"]}';

/** Filters in line 2 of a policy, from column 1; the codes of errors and warnings but for unused sets. */
const filters: readonly (readonly [filter: string, ...codes: string[]])[] = [
  // addresses
  ['{ source: any, destination: me }'],
  ['{ source: "*", destination: ME }'],
  ['{}'],
  ['{ source: 10.0.0.0/8 }'],
  ['{ source: 10.0.0.0/255.0.0.0 }'],
  ['{ source: "10.*.*.*" }'],
  ['{ source: mail.example.com }'],
  ['{ source: $both, destination: $v4 }'],
  ['{ source: 10.1.2.3/8 }', 'XP0204@2:11'],
  ['{ source: 10.0.0.0/255.0.255.0 }', 'XP0202@2:11'],
  ['{ source: 10.0.0.0/33 }', 'XP0203@2:11'],
  ['{ source: 10.0.0.300 }', 'XP0201@2:11'],
  ['{ source: "a b" }', 'XP0201@2:12'], // inside the quotes
  ['{ source: "0" }', 'XP0213@2:12'],
  ['{ source: 0 }', 'XP0006@2:11'],
  ['{ source: $v5 }', 'XP0206@2:11'],
  ['{ source: v4 }', 'XP0214@2:11'],
  ['{ source: [10.0.0.1] }'],
  ['{ source: [10.0.0.1, 10.1.0.0/16, $v4, me, local, mail.example.com] }'],
  ['{ source: 10.0.0.5-10.0.0.9 }'],
  ['{ source: "2001:db8::5 - 2001:db8::9" }'],
  ['{ source: { addresses: any, exclude: [10.0.0.0/8, $v4, me] } }'],
  ['{ source: { addresses: [$v4, $v6], exclude: 10.0.0.1-10.0.0.3 } }'],
  ['{ source: ::ffff:192.0.2.1 }', 'XP0215@2:11'],
  ['{ source: ::ffff:192.0.2.0/120, destination: 10.0.0.1 }', 'XP0215@2:11'],
  ['{ source: ::ffff:0:0/96 }', 'XP0216@2:11'],
  ['{ source: [] }', 'XP0009@2:11'],
  ['{ source: [10.0.0.300, 10.1.2.3/8] }', 'XP0201@2:12', 'XP0204@2:24'],
  ['{ source: [[10.0.0.1]] }', 'XP0006@2:12'],
  ['{ source: [$v4, $v5] }', 'XP0206@2:17'],
  ['{ source: "10.0.0.1, 10.0.0.2" }', 'XP0201@2:12'],
  ['{ source: 10.0.0.9-10.0.0.5 }', 'XP0217@2:11'],
  ['{ source: 10.0.0.9-2001:db8::1 }', 'XP0217@2:11'],
  ['{ source: 10.0.0.9-10.0.0.300 }', 'XP0201@2:11'],
  ['{ source: { exclude: [10.0.0.0/8] } }', 'XP0007@2:11'],
  ['{ source: { addresses: 10.0.0.0/8, exclude: any } }', 'XP0218@2:45'],
  ['{ source: { addresses: 10.0.0.0/8, except: me } }', 'XP0005@2:36'],
  ['{ source: [10.0.0.1, 10.0.0.2], destination: "2001:db8::1" }', 'XP0205@2:46'],
  // ports
  ['{ protocol: tcp, destinationPort: 80 }'],
  ['{ protocol: udp, destinationPort: 8000-8080 }'],
  ['{ protocol: sctp, sourcePort: [22, "8000-8080"] }'],
  ['{ protocol: 6, sourcePort: any }'],
  ['{ destinationPort: any }'],
  ['{ protocol: tcp, destinationPort: 8080-80 }', 'XP0112@2:35'],
  ['{ protocol: tcp, destinationPort: 0 }', 'XP0113@2:35'],
  ['{ protocol: tcp, destinationPort: 0-1023 }'],
  ['{ protocol: tcp, destinationPort: [0-0, 80] }'],
  ['{ protocol: tcp, destinationPort: https }'],
  ['{ protocol: udp, sourcePort: [domain, HTTPS, 53] }'],
  ['{ protocol: tcp, destinationPort: htps }', 'XP0110@2:35'],
  ['{ protocol: sctp, destinationPort: https }', 'XP0118@2:36'],
  ['{ destinationPort: https }', 'XP0118@2:20'],
  ['{ protocol: tcp, destinationPort: 65536 }', 'XP0111@2:35'],
  ['{ protocol: tcp, destinationPort: "22,80" }', 'XP0110@2:36'],
  ['{ protocol: tcp, destinationPort: 8.5 }', 'XP0006@2:35'],
  ['{ protocol: tcp, destinationPort: true }', 'XP0006@2:35'],
  ['{ protocol: tcp, destinationPort: [] }', 'XP0009@2:35'],
  ['{ protocol: tcp, destinationPort: [80, x] }', 'XP0110@2:40'],
  ['{ protocol: tcp, destinationPort: [[80]] }', 'XP0006@2:36'],
  ['{ destinationPort: 80 }', 'XP0120@2:20'],
  ['{ protocol: icmp, sourcePort: 80 }', 'XP0120@2:31'],
  ['{ protocol: 47, sourcePort: 1, destinationPort: 2 }', 'XP0120@2:29', 'XP0120@2:49'],
  // protocols
  ['{ protocol: any }'],
  ['{ protocol: 255 }'],
  ['{ protocol: 256 }', 'XP0115@2:13'],
  ['{ protocol: -1 }', 'XP0114@2:13'],
  ['{ protocol: TCP }', 'XP0114@2:13'],
  ['{ protocol: [tcp] }', 'XP0006@2:13'],
  ['{ protocol: null }', 'XP0114@2:13'],
  // ICMP
  ['{ protocol: icmp, icmpType: 8 }'],
  ['{ protocol: icmpv6, icmpType: 128, icmpCode: 0 }'],
  ['{ protocol: icmp, icmpType: [3, 11, 12], icmpCode: 0 }'],
  ['{ protocol: icmp, icmpType: [3, 256] }', 'XP0116@2:33'],
  ['{ protocol: icmp, icmpType: [] }', 'XP0009@2:29'],
  ['{ protocol: icmp, icmpType: [echo] }', 'XP0006@2:30'],
  ['{ protocol: icmp, icmpType: 256 }', 'XP0116@2:29'],
  ['{ protocol: icmp, icmpType: -1 }', 'XP0116@2:29'],
  ['{ protocol: icmp, icmpType: echo }', 'XP0006@2:29'],
  ['{ protocol: icmp, icmpCode: 1 }', 'XP0122@2:29'],
  ['{ protocol: tcp, icmpType: 8 }', 'XP0121@2:28'],
  ['{ icmpType: 8 }', 'XP0121@2:13'],
  // fragments
  ['{ fragment: later }'],
  ['{ protocol: udp, fragment: later, mirrored: true }'],
  ['{ fragment: first }', 'XP0008@2:13'],
  ['{ protocol: udp, destinationPort: 53, fragment: later }', 'XP0127@2:35'],
  ['{ protocol: icmp, icmpType: 8, fragment: later }', 'XP0127@2:29'],
  ['{ protocol: tcp, established: true, mirrored: established, fragment: later }', 'XP0127@2:31', 'XP0127@2:47'],
  // established and mirrored
  ['{ protocol: tcp, established: true, mirrored: established }'],
  ['{ established: false, mirrored: true }'],
  ['{ established: true }', 'XP0123@2:16'],
  ['{ protocol: udp, established: true }', 'XP0123@2:31'],
  ['{ mirrored: established }', 'XP0124@2:13'],
  ['{ mirrored: yes }', 'XP0008@2:13'],
  ['{ established: yes }', 'XP0006@2:16'],
  // families
  ['{ source: 10.0.0.1, destination: "2001:db8::1" }', 'XP0205@2:34'],
  ['{ source: $v4, destination: "2001:db8::1" }', 'XP0205@2:29'],
  ['{ source: $v4, destination: $v6 }', 'XP0205@2:29'],
  ['{ source: $both, destination: "2001:db8::1" }'],
  ['{ source: "2001:db8::1", destination: $v6, protocol: icmp }', 'XP0125@2:54'],
  ['{ source: 10.0.0.1, destination: 10.0.0.2, protocol: icmpv6 }', 'XP0125@2:54'],
  ['{ source: any, destination: "2001:db8::1", protocol: icmp }', 'XP0126@2:54'],
  // filterspecs
  ['"*+131.107.1.1:80:TCP"'],
  ['10.1.2.3/8+*', 'XP0501@2:1'],
  ['"*+131.107.1.1:80"', 'XP0120@2:16'],
  ['"[*+131.107.1.1]"', 'XP0509@2:2'],
  ['"0+* *+0"', 'XP0513@2:6'],
  ['*+131.107.1.1:80:TCP', 'XP0001@2:1'],
  ['80', 'XP0006@2:1'],
  ['{ sorce: any, destnation: me }', 'XP0005@2:3', 'XP0005@2:15'],
];
for (const [filter, ...codes] of filters) {
  test(`filter: ${filter}`, () => {
    const result = readText(policyWith(filter, SETS), { '/etc/services': SERVICES });
    expect(result.codes.filter((code) => !code.startsWith('XP0207'))).toEqual(codes);
    expect(result.policy === undefined).toBe(result.diagnostics.some((d) => d.severity === 'error'));
  });
}

/** Whole policies, and every diagnostic of each. */
const policies: readonly (readonly [name: string, text: string, ...codes: string[]])[] = [
  ['empty', '', 'XP0011@1:1'],
  ['only comments', '# nothing\n', 'XP0011@1:1'],
  ['a list', '[]', 'XP0006@1:1'],
  ['text', 'hello', 'XP0006@1:1'],
  ['no rules', 'name: a', 'XP0306@1:1'],
  ['empty rules', 'name: a\nrules: []', 'XP0306@2:8'],
  ['no name', 'rules: []', 'XP0007@1:1', 'XP0306@1:8'],
  ['a number for a name', 'name: 5\nrules: []', 'XP0006@1:7', 'XP0306@2:8'],
  ['an empty name', 'name: ""\nrules: []', 'XP0010@1:7', 'XP0306@2:8'],
  ['key twice', 'name: a\nname: b', 'XP0002@2:1'],
  ['two documents', 'name: a\n---\nname: b', 'XP0003@2:1'],
  ['not YAML', 'name: [a', 'XP0001@1:9'],
  ['unquoted star', 'name: a\nrules: [{name: r, action: block, filters: [{source: *}]}]', 'XP0001@2:53'],
  ['unknown alias', 'name: *a', 'XP0001@1:7'],
  ['alias of itself', 'name: &a [*a]', 'XP0004@1:11'],
  ['tag', 'name: !secret a\nrules: []', 'XP0001@1:7'],
  ['key that is a list', 'name: a\n? [b]\n: c', 'XP0001@2:3'],
  ['unknown key', 'name: a\nrulez: []', 'XP0306@1:1', 'XP0005@2:1'],
  ['unknown default', 'name: a\nrules: []\ndefault: deny', 'XP0306@2:8', 'XP0008@3:10'],
  ['strict as text', 'name: a\nrules: []\nstrict: "true"', 'XP0306@2:8', 'XP0006@3:9'],
  ['unknown compat', 'name: a\nrules: []\ncompat: windows95', 'XP0306@2:8', 'XP0008@3:9'],
  ['unknown drop', 'name: a\nrules: []\ndrop: [malformed]', 'XP0306@2:8', 'XP0008@3:8'],
  ['unknown exemption', 'name: a\nrules: []\nexemptions: [dns]', 'XP0306@2:8', 'XP0008@3:14'],
  ['kerberos', 'name: a\nrules: []\nexemptions: [neighbor-discovery, kerberos]', 'XP0306@2:8', 'XP0310@3:34'],
  ['windows2000', 'name: a\nrules: []\ncompat: windows2000', 'XP0306@2:8', 'XP0310@3:9'],
  ['no neighbours', 'name: a\nrules: []\nexemptions: [ike]', 'XP0306@2:8', 'XP0311@3:13'],
  ['no exemptions', 'name: a\nrules: []\nexemptions: []', 'XP0306@2:8'],
  ['$schema', '$schema: ./policy.schema.json\nname: a\nrules: []', 'XP0306@3:8'],
  ['unused list', 'name: a\nfilterLists: {l: [0+*]}\nrules: []', 'XP0304@2:15', 'XP0306@3:8'],
  ['empty list', 'name: a\nfilterLists: {l: []}\nrules: [{filterList: l, action: block}]', 'XP0303@2:15'],
  ['nothing for a list', 'name: a\nfilterLists: {l: }\nrules: [{filterList: l, action: block}]', 'XP0006@2:15'],
  ['unknown list', 'name: a\nrules: [{filterList: l, action: block}]', 'XP0302@2:22'],
  [
    'both',
    'name: a\nfilterLists: {l: [0+*]}\nrules: [{filterList: l, filters: [0+*], action: block}]',
    'XP0304@2:15',
    'XP0307@3:25',
  ],
  ['neither', 'name: a\nrules: [{name: r, action: block}]', 'XP0307@2:9'],
  ['no rule name', 'name: a\nrules: [{filters: [0+*], action: block}]', 'XP0308@2:9'],
  ['no action', 'name: a\nrules: [{name: r, filters: [0+*]}]', 'XP0007@2:9'],
  ['INPASS', 'name: a\nrules: [{name: r, filters: [0+*], action: INPASS}]', 'XP0305@2:43'],
  ['PASS', 'name: a\nrules: [{name: r, filters: [0+*], action: PASS}]', 'XP0008@2:43'],
  ['a number for an action', 'name: a\nrules: [{name: r, filters: [0+*], action: 1}]', 'XP0008@2:43'],
  ['no interfaces', 'name: a\nrules: [{name: r, filters: [0+*], action: block, interfaces: []}]', 'XP0009@2:62'],
  ['bad interface', 'name: a\nrules: [{name: r, filters: [0+*], action: block, interfaces: [eth0/1]}]', 'XP0309@2:63'],
  [
    'same name',
    'name: a\nrules:\n - {name: r, filters: [0+*], action: block}\n - {name: r, filters: [0=*], action: block}',
    'XP0301@4:11',
  ],
  [
    'same list, no names',
    'name: a\nfilterLists: {l: [0+*]}\nrules:\n - {filterList: l, action: block}\n - {filterList: l, action: block}',
    'XP0301@5:17',
  ],
  ['unused set', 'name: a\naddressSets: {s: [10.0.0.1]}\nrules: []', 'XP0207@2:15', 'XP0306@3:8'],
  ['any in a set', policyWith('{ source: $s }', '{s: [any]}'), 'XP0210@1:29'],
  ['host bits in a set', policyWith('{ source: $s }', '{s: [10.0.0.1/8]}'), 'XP0204@1:29'],
  ['empty set', policyWith('{ source: $s }', '{s: []}'), 'XP0211@1:25'],
  ['set name', policyWith('0+*', '{"a b": [10.0.0.1]}'), 'XP0212@1:26'],
  ['missing file', policyWith('{ source: $s }', '{s: {file: none.txt}}'), 'XP0208@1:35'],
  ['file without a path', policyWith('{ source: $s }', '{s: {file: }}'), 'XP0006@1:29'],
  ['bad line', policyWith('{ source: $s }', '{s: {file: bad.txt}}'), 'XP0201@2:1'],
  ['good file', policyWith('{ source: $s }', '{s: {file: good.txt}}')],
];
const SET_FILES = { 'bad.txt': '10.0.0.1\n10.0.0.256\n', 'good.txt': '10.0.0.1\n2001:db8::/32 # office\n' };
for (const [name, text, ...codes] of policies) {
  test(`policy: ${name}`, () => {
    const result = readText(text, SET_FILES);
    expect(result.codes).toEqual(codes);
    expect(result.policy === undefined).toBe(result.diagnostics.some((d) => d.severity === 'error'));
  });
}

test('what is left out has its default', () => {
  const { policy } = readText('name: a');
  expect(policy).toMatchObject({
    name: 'a',
    description: '',
    default: 'permit',
    strict: true,
    drop: ['source-routed'],
    exemptions: ['neighbor-discovery', 'multicast-listener', 'path-mtu'],
    rules: [],
  });
  expect(filterOf(policyWith('{}'))).toMatchObject({
    source: { kind: 'any' },
    destination: { kind: 'any' },
    sourcePorts: [{ lo: 0, hi: 65535 }],
    destinationPorts: [{ lo: 0, hi: 65535 }],
    protocol: undefined,
    icmp: [],
    established: false,
    fragment: false,
    mirrored: false,
  });
});

test('exemptions come in one order, each once; windows2000 adds its five', () => {
  const exemptions = (text: string): Policy['exemptions'] | undefined =>
    readText(`name: a\n${text}`).policy?.exemptions;
  expect(exemptions('exemptions: [ike, neighbor-discovery, ike]')).toEqual(['neighbor-discovery', 'ike']);
  expect(exemptions('exemptions: []')).toEqual([]);
  expect(exemptions('compat: windows2000')).toEqual([
    'neighbor-discovery',
    'multicast-listener',
    'path-mtu',
    'broadcast',
    'multicast',
    'rsvp',
    'ike',
    'kerberos',
  ]);
});

test('what strict drops is dropped unless the policy says otherwise', () => {
  const drop = (text: string): Policy['drop'] | undefined => readText(`name: a\n${text}`).policy?.drop;
  expect(drop('rules: []')).toEqual(['source-routed']);
  expect(drop('strict: false')).toEqual([]);
  expect(drop('drop: []')).toEqual([]);
  expect(drop('strict: false\ndrop: [source-routed, source-routed]')).toEqual(['source-routed']);
});

test('ports are sorted and merged', () => {
  const filter = filterOf(policyWith('{ protocol: tcp, destinationPort: [443, 80, 81-90, 85-100] }'));
  expect(filter.destinationPorts).toEqual([
    { lo: 80, hi: 100 },
    { lo: 443, hi: 443 },
  ]);
});

const texts: readonly (readonly [filter: string, text: string])[] = [
  ['"*+131.107.1.1:80:TCP"', '*+131.107.1.1:80:TCP'],
  ['{ source: any, destination: me, protocol: tcp }', '{ source: any, destination: me, protocol: tcp }'],
  ['{destinationPort: [22,9100-9199],   protocol: "tcp"}', '{ destinationPort: [22, 9100-9199], protocol: tcp }'],
  ['{ mirrored: true, source: $both }', '{ mirrored: true, source: $both }'],
  ['{}', '{}'],
];
for (const [filter, text] of texts) {
  test(`a filter's text: ${filter}`, () => expect(filterOf(policyWith(filter, SETS)).text).toBe(text));
}

test('the text of a filter in block form is on one line, in the order written', () => {
  const text =
    'name: a\nrules:\n- name: r\n  action: block\n  filters:\n  - protocol: tcp\n    destinationPort:\n    - 22\n    source: any\n';
  expect(filterOf(text).text).toBe('{ protocol: tcp, destinationPort: [22], source: any }');
});

test('aliases stand for what they are anchored to', () => {
  const { policy, codes } = readText(
    'name: a\nfilterLists: {l: [&f {source: me}, *f]}\nrules: [{filterList: l, action: block}]',
  );
  expect(codes).toEqual([]);
  expect(policy?.rules[0]?.filterList.filters.map((f) => f.source)).toEqual([{ kind: 'me' }, { kind: 'me' }]);
});

test('a byte order mark and CRLF change no place', () => {
  const text = '\ufeffname: a\r\nrules: []\r\ndefault: deny\r\n';
  const { codes, diagnostics } = readText(text);
  expect(codes).toEqual(['XP0306@2:8', 'XP0008@3:10']);
  expect(diagnostics.map((d) => d.span.lineText)).toContain('default: deny');
});

test('a set in a file is the set in place', () => {
  const policy = present(readText(policyWith('{ source: $s }', '{s: {file: good.txt}}'), SET_FILES).policy);
  const inPlace = present(readText(policyWith('{ source: $s }', '{s: [2001:db8::/32, 10.0.0.1, 10.0.0.1/32]}')).policy);
  expect(policy.addressSets.get('s')?.prefixes).toEqual(inPlace.addressSets.get('s')?.prefixes);
});

test('JSON is YAML', () => {
  const text = JSON.stringify({ name: 'a', rules: [{ name: 'r', action: 'block', filters: ['*+10.0.0.0/8'] }] });
  const source = filterOf(text).destination;
  expect(source.kind === 'prefix' ? formatPrefix(source.prefix) : source.kind).toBe('10.0.0.0/8');
});

for (const file of ['packet-filter.yaml', 'packet-filter-specs.yaml', 'edge-host.yaml']) {
  test(`examples/${file} has nothing to report`, () => {
    const result = readText(readFileSync(new URL(`../../../../examples/${file}`, import.meta.url), 'utf8'));
    expect(result.diagnostics).toEqual([]);
    expect(present(result.policy).rules.length).toBeGreaterThan(2);
  });
}

test('the two forms of the packet-filter example mean the same', () => {
  const read = (file: string): unknown => {
    const text = readFileSync(new URL(`../../../../examples/${file}`, import.meta.url), 'utf8');
    return meaningOfPolicy(present(readText(text).policy));
  };
  expect(read('packet-filter-specs.yaml')).toEqual(read('packet-filter.yaml'));
});

test('the packet-filter example is right about broadcasts, multicast and the word local', () => {
  const text = readFileSync(new URL('../../../../examples/packet-filter.yaml', import.meta.url), 'utf8');
  const block = 'source: any, destination: 131.107.1.1, mirrored: true';
  expect(text).toContain(block);
  const asWritten = present(readText(text).policy);
  const withLocal = present(readText(text.replace(block, block.replace('131.107.1.1', 'local'))).policy);
  const host = hostOf(['131.107.1.1'], {}, ['131.107.1.255']);
  for (const address of ['131.107.1.255', '255.255.255.255', '239.255.255.250']) {
    const packet = packetOf(udp('203.0.113.9', address));
    expect(classify(asWritten, host, packet), address).toMatchObject({ verdict: 'pass', by: 'default' });
    expect(classify(withLocal, host, packet).verdict, address).toBe('drop');
  }
  expect(classify(asWritten, host, packetOf(udp('203.0.113.9', '131.107.1.1'))).verdict).toBe('drop');
});

test('words of other firewalls are told what they are here, wherever they stand', () => {
  for (const [line, wanted] of [
    ['default: deny', 'block'],
    ['default: allow', 'permit'],
    ['rules: [{ name: r, action: reject, filters: ["*+0"] }]', 'block'],
  ]) {
    const text = `name: x\n${line}\n${line?.startsWith('rules') === true ? '' : 'rules: []\n'}`;
    const helps = readText(text).diagnostics.map(({ help }) => help);
    expect(helps, line).toContain(`did you mean ${wanted}?`);
  }
});

test('an alias of a thousand items is no endless one, nor are a hundred of them', () => {
  const items = Array.from({ length: 1000 }, (_, i) => `10.0.${i >> 8}.${i & 255}`).join(', ');
  const sets = Array.from({ length: 100 }, (_, i) => `  b${i}: *a\n`).join('');
  const { codes } = readText(`name: x\naddressSets:\n  a: &a [${items}]\n${sets}rules: []\n`);
  expect(codes.filter((code) => code.startsWith('XP0004'))).toEqual([]);
});
