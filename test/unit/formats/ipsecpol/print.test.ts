import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { present } from '../../../../src/base/assert.ts';
import { Diagnostics } from '../../../../src/base/diagnostics.ts';
import { parseFilterSpec } from '../../../../src/formats/filterspec.ts';
import { printIpsecpol, shellWord } from '../../../../src/formats/ipsecpol/print.ts';
import { tokenOf } from '../../../../src/formats/token.ts';
import { classify } from '../../../../src/policy/classify.ts';
import type { Policy, Rule } from '../../../../src/policy/model.ts';
import { decodePacket } from '../../../../src/policy/packet/decode.ts';
import { arb, TEST_HOST } from '../../../support/arbitrary.ts';
import { readText } from '../../../support/read-text.ts';

function print(text: string): { readonly lines: readonly string[]; readonly problems: readonly string[] } {
  const diags = new Diagnostics();
  const lines = printIpsecpol(present(readText(text).policy), diags);
  return { lines, problems: diags.all.map((d) => `${d.code} ${d.message.replace(/: no ipsecpol.*/u, '')}`) };
}

test('the commands of the article', () => {
  const text = `
name: Packet Filter
filterLists:
  Inbound web protocols: ["*+131.107.1.1:80:TCP", "*+131.107.1.1:443:TCP"]
  All inbound traffic: ["*+131.107.1.1"]
rules:
  - { filterList: Inbound web protocols, action: permit }
  - { filterList: All inbound traffic, action: block }
`;
  expect(print(text)).toEqual({
    lines: [
      'ipsecpol -w REG -p "Packet Filter" -r "Inbound web protocols" -f "*+131.107.1.1:80:TCP" -f "*+131.107.1.1:443:TCP" -n PASS',
      'ipsecpol -w REG -p "Packet Filter" -r "All inbound traffic" -f "*+131.107.1.1" -n BLOCK',
    ],
    problems: [],
  });
});

test('sets and lists of ports become several filterspecs', () => {
  const filter = '{source: $s, destination: 10.0.0.1, protocol: tcp, destinationPort: [22, 80]}';
  const text = `{name: t, addressSets: {s: [10.1.0.0/16, 2001:db8::/32]}, rules: [{name: r, action: permit, filters: [${filter}]}]}`;
  const specs = ['22', '80'].map((port) => `-f 10.1.0.0/255.255.0.0=10.0.0.1:${port}:TCP`);
  expect(print(text).lines).toEqual([`ipsecpol -w REG -p t -r r ${specs.join(' ')} -n PASS`]);
});

const unsayable: readonly (readonly [policy: string, ...problems: string[]])[] = [
  ['default: block, rules: []', 'default: block'],
  [
    'strict: false, exemptions: [ike, neighbor-discovery], rules: []',
    'strict: false',
    'exemptions: [neighbor-discovery, ike]',
  ],
  [
    'rules: [{name: r, action: permit, interfaces: [eth0], filters: [{source: me}]}]',
    'rule "r" is limited to interfaces',
  ],
  ['rules: [{name: r, action: permit, filters: [{protocol: udp, sourcePort: [9, 80-90]}]}]', 'port range 80-90'],
  ['rules: [{name: r, action: permit, filters: [{protocol: icmp, icmpType: 8}]}]', 'icmpType 8'],
  ['rules: [{name: r, action: permit, filters: [{protocol: tcp, established: true}]}]', 'established'],
  ['rules: [{name: r, action: permit, filters: [{protocol: tcp, mirrored: established}]}]', 'mirrored: established'],
  [
    `addressSets: {s: [${Array.from({ length: 101 }, (_, i) => `10.0.0.${i}`).join()}]}, rules: [{name: r, action: block, filters: [{source: $s}]}]`,
    'the filter stands for more than 100 filterspecs',
  ],
];
for (const [policy, ...problems] of unsayable) {
  test(`no command for ${problems.join(' and ')}`, () => {
    const printed = print(`{name: t, ${policy}}`);
    expect(printed.lines).toEqual([]);
    expect(printed.problems).toEqual(problems.map((problem) => `XP0520 ${problem}`));
  });
}

test('what can be said of a rule is printed, the rest reported', () => {
  const filters = '[{destination: me}, {protocol: icmp, icmpType: 8}]';
  const printed = print(`{name: t, rules: [{name: r, action: permit, filters: ${filters}}]}`);
  expect(printed.lines).toEqual(['ipsecpol -w REG -p t -r r -f "*=0" -n PASS']);
  expect(printed.problems).toEqual(['XP0520 icmpType 8']);
});

test('a set of both families with ICMP of one is reported', () => {
  const filter = '{ source: $both, destination: $both, protocol: icmpv6 }';
  const sets = 'addressSets: { both: [192.0.2.1, "2001:db8::1"] }';
  const printed = print(`{name: t, ${sets}, rules: [{name: r, action: permit, filters: [${filter}]}]}`);
  expect(printed.lines).toEqual([]);
  expect(printed.problems).toEqual(['XP0520 an address set with addresses of the other family than the ICMP protocol']);
});

test('a POSIX shell reads every word back', () => {
  const words = ['a b', `it's`, '$HOME', '"q"', '`id`', 'a\\b', 'x!', '*+0', '[::1]=*', '(x)', '-', "'$'", 'é—'];
  const output = execFileSync('sh', ['-c', `printf '%s\\0' ${words.map(shellWord).join(' ')}`], { encoding: 'utf8' });
  expect(output.split('\0').slice(0, -1)).toEqual(words);
});

/** The words of each line, as one shell reads them all. */
function shellWords(lines: readonly string[]): readonly (readonly string[])[] {
  const script = lines.map((line) => `printf '%s\\0' ${line}; printf '\\n\\0'`).join('\n');
  const found: string[][] = [[]];
  for (const word of execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1)) {
    if (word === '\n') found.push([]);
    else found.at(-1)?.push(word);
  }
  return found.slice(0, -1);
}

/** What the commands say, read back: the names and filters of a shell's words. */
function readBack(lines: readonly string[], original: Policy): Policy {
  const wordsOf = shellWords(lines);
  const rules = lines.map((line, at): Rule => {
    const words = present(wordsOf[at]);
    const after = (option: string): string[] => words.filter((_, i) => words[i - 1] === option);
    const diags = new Diagnostics();
    const filters = after('-f').flatMap((spec) => parseFilterSpec(tokenOf(spec, 'spec'), diags).filters);
    expect(diags.failed, line).toBe(false);
    const name = present(after('-r')[0]);
    const span = original.span;
    const filterList = { name, filters: filters.map(({ filter }) => filter), span };
    const action = after('-n')[0] === 'PASS' ? 'permit' : 'block';
    return { name, filterList, action, interfaces: undefined, span };
  });
  return { ...original, rules };
}

test('commands that say all of a policy decide every packet as it does', () => {
  let said = 0;
  const cases = arb.policy().chain((policy) => {
    const simple: Policy = {
      ...policy,
      default: 'permit',
      strict: true,
      drop: ['source-routed'],
      exemptions: ['neighbor-discovery', 'multicast-listener', 'path-mtu'],
      rules: policy.rules.map((rule) => ({ ...rule, interfaces: undefined })),
    };
    const packets = fc.array(arb.packetNear(simple), { minLength: 8, maxLength: 16 });
    return fc.record({ policy: fc.constant(simple), packets });
  });
  fc.assert(
    fc.property(cases, ({ policy, packets }) => {
      const diags = new Diagnostics();
      const lines = printIpsecpol(policy, diags);
      fc.pre(!diags.failed);
      said++;
      const again = readBack(lines, policy);
      for (const { frame, summary } of packets) {
        const [before, after] = [policy, again].map((p) => classify(p, TEST_HOST, decodePacket(frame)));
        expect([after?.verdict, after?.rule], summary).toEqual([before?.verdict, before?.rule]);
      }
    }),
    { numRuns: 60 },
  );
  expect(said).toBeGreaterThan(20);
}, 120_000);
