import { expect, test } from 'vitest';
import { Diagnostics } from '../../../../src/base/diagnostics.ts';
import { readScript } from '../../../../src/formats/netsh/script.ts';
import { looksLikeScript } from '../../../../src/formats/netsh/script-lines.ts';
import { plainFilter } from '../../../../src/formats/yaml/print.ts';
import { printedLines } from '../../../support/ipsecpol-lines.ts';

interface Read {
  readonly name: string | undefined;
  readonly description: string | undefined;
  /** `action name (list): filter; filter`. */
  readonly rules: readonly string[];
  /** `XP0530@3`. */
  readonly codes: readonly string[];
  readonly messages: readonly string[];
}

function read(text: string, name?: string): Read {
  const diags = new Diagnostics();
  const policy = readScript({ file: 'a.cmd', text, name }, diags)?.policy;
  return {
    name: policy?.name,
    description: policy?.description,
    rules: (policy?.rules ?? []).map(({ action, name: rule, filterList }) => {
      const filters = filterList.filters.map((filter) => Object.values(plainFilter(filter)).join(' '));
      return `${action} ${rule} (${filterList.name}): ${filters.join('; ')}`;
    }),
    codes: diags.all.map(({ code, span }) => `${code}@${span.line}`),
    messages: diags.all.map(({ message }) => message),
  };
}

const STATIC = 'netsh ipsec static';
const BASE = `${STATIC} add policy name=P
${STATIC} add filter filterlist=L srcaddr=any dstaddr=me protocol=tcp dstport=80
${STATIC} add filteraction name=A action=permit
${STATIC} add rule name=R policy=P filterlist=L filteraction=A
`;

test('mirrored unless it says no; masks in both forms; 0 is any port', () => {
  const filters = [
    'srcaddr=10.0.0.0 srcmask=255.0.0.0 dstaddr=me',
    'srcaddr=10.0.0.0 srcmask=8 dstaddr=me mirrored=NO',
    'srcaddr=2001:db8::/32 dstaddr=me protocol=17 srcport=0 dstport=53',
    'srcaddr=mail.example.com dstaddr=ANY protocol=RAW',
  ].map((filter) => `${STATIC} add filter filterlist=L ${filter}\n`);
  const { rules, codes } = read(BASE + filters.join(''));
  expect(codes).toEqual([]);
  expect(rules).toEqual([
    'permit R (L): any me tcp 80 true; 10.0.0.0/8 me true; 10.0.0.0/8 me; 2001:db8::/32 me udp 53 true; mail.example.com any 255 true',
  ]);
});

const CHANGES: readonly (readonly [line: string, rules: readonly string[]])[] = [
  ['set policy name=P newname=Q description="another" assign=no', ['permit R (L): any me tcp 80 true']],
  [
    'add filter filterlist=L srcaddr=10.0.0.0 srcmask=8 srcport=1024 dstaddr=192.0.2.0 dstmask=255.255.255.0 protocol=TCP description="d"',
    ['permit R (L): any me tcp 80 true; 10.0.0.0/8 192.0.2.0/24 tcp 1024 true'],
  ],
  ['delete rule all policy=p', []],
  ['set filterlist name=l newname=M', ['permit R (M): any me tcp 80 true']],
  ['set filteraction name=a action=block', ['block R (L): any me tcp 80 true']],
  ['set rule name=R policy=P newname=S', ['permit S (L): any me tcp 80 true']],
  ['delete filter filterlist=L srcaddr=any dstaddr=me protocol=TCP dstport=80', ['permit R (L): ']],
  ['delete rule name=r policy=p', []],
];

for (const [line, rules] of CHANGES) {
  test(line, () => expect(read(`${BASE}${STATIC} ${line}`)).toMatchObject({ rules, codes: [] }));
}

const REFUSED: readonly (readonly [line: string, why: string])[] = [
  ['add policy name=p', 'already there'],
  ['add policy', 'name= is missing'],
  ['add policy name=Q assign=perhaps', 'neither yes nor no'],
  ['add policy Q', 'not KEY=VALUE'],
  ['set filter filterlist=L srcaddr=any dstaddr=me', 'no set filter'],
  ['add filter filterlist=L srcaddr=any dstaddr=me dstport=80', 'a port needs protocol'],
  ['add filter filterlist=L srcaddr=10.0.0.0 srcmask=255.0.255.0 dstaddr=me', 'mask'],
  ['add filter filterlist=L srcaddr=gateway dstaddr=me', 'name the addresses'],
  ['add filter filterlist=L srcaddr=any dstaddr=me protocol=tcpp', 'not a protocol'],
  ['add filteraction name=B action=drop', 'neither permit nor block'],
  ['add filteraction name=B', 'negotiates security'],
  ['delete filterlist name=L', 'rule "R" uses'],
  ['delete filteraction all', 'rule "R" uses'],
  ['add rule name=S policy=P filterlist=M filteraction=A', 'no filter list "M"'],
  ['add rule name=S policy=P filterlist=L filteraction=A tunnel=10.0.0.1', 'tunnel'],
  ['exportpolicy file=a.ipsec', 'makes no part of a policy'],
];

for (const [line, why] of REFUSED) {
  test(`not taken: ${line}`, () => {
    const { codes, messages, rules } = read(`${BASE}${STATIC} ${line}`);
    expect(codes).toEqual(['XP0530@5']);
    expect(messages[0]).toContain(why);
    expect(rules).toEqual(['permit R (L): any me tcp 80 true']);
  });
}

test('a line that needs one that was not taken is not taken either', () => {
  const text = `${BASE}${STATIC} add filteraction name=B action=negotiate\n${STATIC} add rule name=S policy=P filterlist=L filteraction=B`;
  expect(read(text)).toMatchObject({ codes: ['XP0530@5', 'XP0530@6'], rules: ['permit R (L): any me tcp 80 true'] });
});

test('the assigned policy is chosen, else the first; a name chooses', () => {
  const two = `${BASE}${STATIC} add policy name=Q description="the other"\n`;
  expect(read(two)).toMatchObject({ name: 'P', codes: ['XP0533@1'] });
  expect(read(`${two}ipsecpol -w REG -p Q -x`)).toMatchObject({ name: 'Q', description: 'the other' });
  expect(read(two, 'q')).toMatchObject({ name: 'Q', codes: [] });
  expect(read(two, 'R')).toMatchObject({ name: undefined, codes: ['XP0532@1'] });
  expect(read(`${BASE}${STATIC} delete policy all`)).toMatchObject({ name: undefined, codes: ['XP0532@1'] });
});

test('everything can be deleted again, in the order that uses allow', () => {
  const deletes = ['rule name=R policy=P', 'filterlist name=L', 'filteraction name=A', 'policy name=P'];
  const text = BASE + deletes.map((one) => `${STATIC} delete ${one}\n`).join('');
  expect(read(text)).toMatchObject({ name: undefined, codes: ['XP0532@1'] });
});

test('commands broken over several lines, as they are printed, are one each', () => {
  const { name, rules, codes } = read(['web', 'mail', 'block', 'assign'].map(printedLines).join('\n'));
  expect(codes).toEqual([]);
  expect(name).toBe('Packet Filter');
  expect(rules.map((rule) => rule.split(' (')[0])).toEqual([
    'permit Inbound web protocols',
    'permit Inbound/outbound mail',
    'block All inbound traffic',
  ]);
  expect(rules[1]?.split(';')).toHaveLength(6);
});

test('ipsecpol lines make, replace and delete rules', () => {
  const add = 'ipsecpol -w REG -p P -r R2 -f';
  const text = `${BASE}${add} *+0:22:TCP -n PASS\n${add} [*+0] (*+0:23:TCP)\nipsecpol -w REG -p P -r R -o\n`;
  expect(read(text)).toMatchObject({
    codes: [],
    rules: ['permit R2 (R2): any me tcp 23 true', 'block R2 [block] (R2 [block]): any me true'],
  });
  expect(read(`${text}ipsecpol -w REG -p P -o`)).toMatchObject({ codes: ['XP0532@1'] });
  const dynamic = read(`${BASE}ipsecpol -r R -f *+0 -n PASS`);
  expect(dynamic.codes).toEqual(['XP0530@5']);
  expect(dynamic.messages[0]).toContain('dynamic');
});

test('scripts and charts are told apart', () => {
  expect(looksLikeScript('@echo off\r\n  @netsh.exe ipsec static add policy name=P')).toBe(true);
  expect(looksLikeScript('rem x\nipseccmd -w REG -p P -x')).toBe(true);
  expect(looksLikeScript('Role,Direction\nWeb,in\n')).toBe(false);
  expect(looksLikeScript('| Role | notes |\n| netsh | netsh ipsec |\n')).toBe(false);
});
