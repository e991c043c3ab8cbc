import { expect, test } from 'vitest';
import { Diagnostics } from '../../../../src/base/diagnostics.ts';
import type { ScriptSource } from '../../../../src/formats/netsh/script.ts';
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
  readonly leftOut: readonly number[] | undefined;
}

function read(text: string, name?: string, groups: ScriptSource['groups'] = { lan: [], dialup: [] }): Read {
  const diags = new Diagnostics();
  const isThisHost = (host: string): boolean => host === 'EDGE';
  const script = readScript({ file: 'a.cmd', text, name, groups, isThisHost }, diags);
  const policy = script?.policy;
  return {
    leftOut: script?.leftOut,
    name: policy?.name,
    description: policy?.description,
    rules: (policy?.rules ?? []).map(({ action, name: rule, filterList, interfaces }) => {
      const filters = filterList.filters.map((filter) => Object.values(plainFilter(filter)).join(' '));
      const where = interfaces === undefined ? '' : ` on ${interfaces.join(' ')}`;
      return `${action} ${rule}${where} (${filterList.name}): ${filters.join('; ')}`;
    }),
    codes: diags.all.filter(({ code }) => code !== 'XP0531').map(({ code, span }) => `${code}@${span.line}`),
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
  ['delete rule name=r policy=p', []],
];

for (const [line, rules] of CHANGES) {
  test(line, () => expect(read(`${BASE}${STATIC} ${line}`)).toMatchObject({ rules, codes: [] }));
}

const BASE_RULE = 'permit R (L): any me tcp 80 true';

/** What permits or blocks is left out; with it every rule that would be half of what the script wants. */
const LEFT_OUT: readonly (readonly [line: string, why: string, rules: readonly string[]])[] = [
  ['add policy', 'name= is missing', [BASE_RULE]],
  ['add policy name=Q assign=perhaps', 'neither yes nor no', [BASE_RULE]],
  ['set filter filterlist=L srcaddr=any dstaddr=me', 'no set filter', []],
  ['add filter filterlist=L srcaddr=any dstaddr=me dstport=80', 'a port needs protocol', []],
  ['add filter filterlist=L srcaddr=10.0.0.0 srcmask=255.0.255.0 dstaddr=me', 'mask', []],
  ['add filter filterlist=L srcaddr=10.0.0.0 255.0.0.0 dstaddr=me', '"255.0.0.0" has no key', []],
  ['add filter filterlist=L dstaddr=me srcaddr=10.0.0.0 255.0.0.0', '"255.0.0.0" has no key', []],
  ['add filter filterlist=L srcaddr=gateway dstaddr=me', 'name the addresses', []],
  ['add filter filterlist=L srcaddr=any dstaddr=me protocol=tcpp', 'not a protocol', []],
  ['add filter filterlist=L srcaddr=any dstaddr=me mirored=no', 'did you mean mirrored', []],
  ['add filter filterlist=L srcaddr=any dst=me', 'dstaddr or dstmask or dstport', []],
  ['add filter filterlist=%L% srcaddr=any dstaddr=me', 'variables', [BASE_RULE]],
  ['add filteraction name=B action=drop', 'not permit, block or negotiate', [BASE_RULE]],
  ['set filteraction name=A action=drop', 'not permit, block or negotiate', []],
  ['set rule name=R policy=P filteraction=B', 'no filter action "B"', []],
  ['delete rule name=R policy=P now=1', 'unknown key "now"', []],
  ['add rule name=S policy=P filterlist=M filteraction=A', 'no filter list "M"', [BASE_RULE]],
  ['add rule name=S policy=P filterlist=L filteraction=A tunnel=10.0.0.1', 'tunnel', [BASE_RULE]],
  ['add rule name=S policy=P filterlist=L filteraction=A conntype=lan', '--lan IF', [BASE_RULE]],
  ['add rule name=S policy=P filterlist=L filteraction=A conntype=wan', 'not lan, dialup or all', [BASE_RULE]],
  ['add rule name=S policy=P filterlist=L filteraction="require security"', 'negotiates security', [BASE_RULE]],
  ['importpolicy file=a.ipsec', 'not a command', [BASE_RULE]],
];

for (const [line, why, rules] of LEFT_OUT) {
  test(`left out: ${line}`, () => {
    const found = read(`${BASE}${STATIC} ${line}`);
    const missing = rules.length === 0 ? ['XP0536@4'] : [];
    expect(found.codes).toEqual(['XP0530@5', ...missing]);
    expect(found.messages[0]).toContain(why);
    expect(found.rules).toEqual(rules);
    expect(found.leftOut).toEqual(rules.length === 0 ? [4, 5] : [5]);
  });
}

/** Windows does nothing there either. */
const WITHOUT_EFFECT: readonly (readonly [line: string, why: string])[] = [
  ['add policy name=p', 'already there'],
  [
    'add filter filterlist=L srcaddr=any dstaddr=me protocol=tcp dstport=80 description=again',
    'has this filter already',
  ],
  ['delete policy name=Q', 'no policy "Q" to delete'],
  ['delete filterlist name=M', 'no filter list "M" to delete'],
  ['delete filter filterlist=L srcaddr=any dstaddr=me', 'no such filter'],
  ['delete filterlist name=L', 'rule "R" uses'],
  ['delete filteraction all', 'rule "R" uses'],
  ['exportpolicy file=a.ipsec', 'changes no policy'],
  ['show all', 'changes no policy'],
  ['set store location=local', 'changes no policy'],
];

for (const [line, why] of WITHOUT_EFFECT) {
  test(`no effect: ${line}`, () => {
    const { codes, messages, rules, leftOut } = read(`${BASE}${STATIC} ${line}`);
    expect(codes).toEqual(['XP0534@5']);
    expect(messages[0]).toContain(why);
    expect([rules, leftOut]).toEqual([[BASE_RULE], []]);
  });
}

/** Lines after BASE that are taken as a whole, and what the rules then are. */
const TAKEN: readonly (readonly [lines: string, rules: readonly string[]])[] = [
  [
    `${STATIC} add filter filterlist = L srcaddr= 10.0.0.0 srcmask =8 dstaddr = me`,
    [`${BASE_RULE}; 10.0.0.0/8 me true`],
  ],
  [`${STATIC} add filter L 10.0.0.1 me mirror=no`, [`${BASE_RULE}; 10.0.0.1 me`]],
  [`${STATIC} add filter L any srcmask=32 dstaddr=me prot=udp dstport=53`, [`${BASE_RULE}; any me udp 53 true`]],
  [
    `${STATIC} add filter filterlist=L srca=10.0.0.1 dsta=me desc=block port 445 of it`,
    [`${BASE_RULE}; 10.0.0.1 me true`],
  ],
  [
    `${STATIC} add filter filterlist=L srcaddr=10.0.0.1-10.0.0.2 dstaddr=me`,
    [`${BASE_RULE}; 10.0.0.1-10.0.0.2 me true`],
  ],
  [
    `${STATIC} add filter filterlist=L srcaddr=0 srcmask=255.255.255.255 dstaddr=any mirrored=n`,
    [`${BASE_RULE}; me any`],
  ],
  [
    `${STATIC} add filter filterlist=L srcaddr=0.0.0.0 srcmask=0.0.0.0 dstaddr=me mirrored=n`,
    [`${BASE_RULE}; 0.0.0.0/0 me`],
  ],
  [`${STATIC} add filter filterlist=L srcaddr=10.0.0.1 dstaddr=me && echo done`, [`${BASE_RULE}; 10.0.0.1 me true`]],
  [
    `${STATIC} add filter filterlist=L srcaddr=10.0.0.1 dstaddr=me > nul & echo done>>log.txt`,
    [`${BASE_RULE}; 10.0.0.1 me true`],
  ],
  [
    `${STATIC} add filter filterlist=L srcaddr=10.0.0.1 dstaddr=me 2>nul || exit /b 1`,
    [`${BASE_RULE}; 10.0.0.1 me true`],
  ],
  [`C:\\>netsh ips st add filter filterlist=L srcaddr=10.0.0.1 dstaddr=me`, [`${BASE_RULE}; 10.0.0.1 me true`]],
  [
    `%windir%\\system32\\netsh.exe -c "ipsec static" add filter filterlist=L srcaddr=10.0.0.1 dstaddr=me`,
    [`${BASE_RULE}; 10.0.0.1 me true`],
  ],
  [`pushd ipsec static\nadd filter filterlist=L srcaddr=10.0.0.1 dstaddr=me\npopd`, [`${BASE_RULE}; 10.0.0.1 me true`]],
  [`${STATIC} add rule S P "All IP Traffic" Permit`, [BASE_RULE, 'permit S (All IP Traffic): me any true']],
  [
    `${STATIC} add rule name=S policy=P filterlist="all icmp traffic" filteraction=permit activate=y`,
    [BASE_RULE, 'permit S (All ICMP Traffic): me any icmp true'],
  ],
  [
    `${STATIC} add filterlist "All IP Traffic"\n${STATIC} add filter "All IP Traffic" any me\n${STATIC} add rule S P "All IP Traffic" A`,
    [BASE_RULE, 'permit S (All IP Traffic): any me true'],
  ],
  [
    `${STATIC} add filteraction Permit action=block\n${STATIC} add rule S P L Permit`,
    [BASE_RULE, 'block S (L): any me tcp 80 true'],
  ],
  [`${STATIC} set rule R P conntype=lan`, ['permit R on eth1 (L): any me tcp 80 true']],
  [`${STATIC} set rule R P conntype=lan\n${STATIC} set rule R P conntype=all`, [BASE_RULE]],
  [`${STATIC} del rule R P`, []],
  [`${STATIC} set rule R P activate=no\n${STATIC} set rule R P activate=yes`, [BASE_RULE]],
  [
    `ipsecpol \\\\ EDGE -w REG -p P -r R -f 0/255.255.255.255=192.0.2.5:80:TCP -n BLOCK`,
    ['block R (R): me 192.0.2.5 tcp 80'],
  ],
  [`ipsecpol -w REG -p P -r S -lan -f *+0:22:TCP -n PASS`, [BASE_RULE, 'permit S on eth1 (S): any me tcp 22 true']],
];

for (const [lines, rules] of TAKEN) {
  test(`taken: ${lines}`, () => {
    const groups = { lan: ['eth1'], dialup: [] };
    expect(read(`${BASE}${lines}\n`, undefined, groups)).toMatchObject({ codes: [], rules, leftOut: [] });
  });
}

test('a stray word that is no value is ignored, and said', () => {
  const text = `${BASE}${STATIC} add filter dstaddr=me filterlist=L srcaddr=10.0.0.1 now`;
  expect(read(text)).toMatchObject({ codes: ['XP0535@5'], rules: [`${BASE_RULE}; 10.0.0.1 me true`] });
});

test('other programs change nothing; other scripts, other firewalls, loops and conditions may', () => {
  const others = [
    'net stop policyagent',
    'goto end',
    'if errorlevel 1 goto end',
    'netsh interface show interface',
    'set X=1',
  ];
  expect(read(BASE + others.join('\n'))).toMatchObject({ codes: others.map((_, i) => `XP0534@${5 + i}`), leftOut: [] });
  const may = [
    `for %%p in (135 139) do ${STATIC} add filter filterlist=L srcaddr=any dstaddr=me protocol=tcp dstport=%%p`,
    `if exist x ${STATIC} delete rule all policy=P`,
    'call more.cmd',
    'netsh -f more.txt',
    'netsh advfirewall firewall add rule name=x dir=in action=block',
    'netsh ipsec dynamic add rule srcaddr=any dstaddr=me',
    `ver | find "5.1" || ${STATIC} add policy name=Q`,
    'ipsecpol \\\\other -w REG -p P -x',
    'ipsecpol -file lines.txt',
    'ipsecpol -r R -f *+0 -n PASS',
  ];
  expect(read(BASE + may.join('\n'))).toMatchObject({ leftOut: may.map((_, i) => 5 + i) });
});

test('rules that match no packet are left out, and said', () => {
  const rest = `${STATIC} add filterlist name=M\n${STATIC} add rule S P M A\n${STATIC} set rule R P activate=no\n`;
  expect(read(BASE + rest)).toMatchObject({ codes: ['XP0538@4', 'XP0538@6'], rules: [], leftOut: [] });
});

test('an ipsecpol line that is left out takes the rule with it that it would have replaced', () => {
  const line = 'ipsecpol -w REG -p P -r R2 -f *+0:22:TCP';
  const text = `${BASE}${line} -n PASS\n${line} *+0:99999:TCP -n PASS\n`;
  expect(read(text)).toMatchObject({ codes: ['XP0530@6', 'XP0536@5'], rules: [BASE_RULE], leftOut: [5, 6] });
});

test('a rule that needs what negotiates security is left out', () => {
  const text = `${BASE}${STATIC} add filteraction name=B\n${STATIC} add rule name=S policy=P filterlist=L filteraction=B`;
  expect(read(text)).toMatchObject({ codes: ['XP0530@6'], rules: [BASE_RULE], leftOut: [6] });
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

test('delete all: nothing where a script begins with it, everything of its own where it stands later', () => {
  const first = read(`${STATIC} delete all > nul\n${BASE}`);
  expect(first.codes).toEqual(['XP0534@1']);
  expect(first).toMatchObject({ rules: [expect.stringContaining('permit R (L)')], leftOut: [] });
  const later = read(
    `${STATIC} add policy name=Old\n${STATIC} add filteraction name=A action=block\n${STATIC} del all\n${BASE}`,
  );
  expect(later).toMatchObject({ name: 'P', codes: [], rules: [expect.stringContaining('permit R (L)')] });
  const shipped = read(
    `${BASE}${STATIC} delete all\n${STATIC} add policy name=Q\n` +
      `${STATIC} add rule name=R policy=Q filterlist="All ICMP Traffic" filteraction=Permit\n`,
  );
  expect(shipped).toMatchObject({ name: 'Q', rules: [expect.stringContaining('permit R (All ICMP Traffic)')] });
});
