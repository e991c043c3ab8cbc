import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { Diagnostics, spanOfFile } from '../../../../src/base/diagnostics.ts';
import type { IpsecpolCommand } from '../../../../src/formats/ipsecpol/command.ts';
import { readIpsecpol } from '../../../../src/formats/ipsecpol/command.ts';
import { wordsOfArguments, wordsOfLine } from '../../../../src/formats/ipsecpol/words.ts';
import { printedCommand } from '../../../support/ipsecpol-lines.ts';

interface Read {
  readonly command: IpsecpolCommand | 'usage' | undefined;
  readonly codes: readonly string[];
  /** What each diagnostic underlines. */
  readonly marked: readonly string[];
}

function read(...words: readonly string[]): Read {
  const diags = new Diagnostics();
  const command = readIpsecpol(wordsOfArguments('ipsecpol', words), diags);
  const marked = diags.all.map(({ span }) => span.lineText.slice(span.column - 1, span.column - 1 + span.length));
  return { command, codes: diags.all.map(({ code }) => code), marked };
}

/** The words as a shell hands them over. */
function shellWords(line: string): readonly string[] {
  const script = `${line.replace(/^ipsecpol/u, 'printf "%s\\0"')}`;
  return execFileSync('sh', ['-c', script], { encoding: 'utf8', cwd: '/' }).split('\0').slice(0, -1);
}

const STORED = ['-w', 'REG', '-p', 'P'] as const;
const NOTHING = { kind: 'stored', machine: undefined, assignment: undefined, confirm: false } as const;

const PRINTED: readonly (readonly [name: string, expected: IpsecpolCommand])[] = [
  [
    'web',
    {
      ...NOTHING,
      policy: 'Packet Filter',
      change: {
        kind: 'add',
        rule: 'Inbound web protocols',
        group: undefined,
        rules: [
          {
            name: 'Inbound web protocols',
            action: 'permit',
            specs: ['*+131.107.1.1:80:TCP', '*+131.107.1.1:443:TCP'],
          },
        ],
      },
    },
  ],
  [
    'mail',
    {
      ...NOTHING,
      policy: 'Packet Filter',
      change: {
        kind: 'add',
        rule: 'Inbound/outbound mail',
        group: undefined,
        rules: [
          {
            name: 'Inbound/outbound mail',
            action: 'permit',
            specs: [
              ...['110', '995', '143', '993', '25'].map((port) => `*+131.107.1.1:${port}:TCP`),
              '131.107.1.1+*:25:TCP',
            ],
          },
        ],
      },
    },
  ],
  [
    'block',
    {
      ...NOTHING,
      policy: 'Packet Filter',
      change: {
        kind: 'add',
        rule: 'All inbound traffic',
        group: undefined,
        rules: [{ name: 'All inbound traffic', action: 'block', specs: ['*+131.107.1.1'] }],
      },
    },
  ],
  ['assign', { ...NOTHING, policy: 'Packet Filter', change: { kind: 'none' }, assignment: 'assign' }],
  [
    'assign-remote',
    { ...NOTHING, machine: 'machinename', policy: 'policyname', change: { kind: 'none' }, assignment: 'assign' },
  ],
  ['delete', { ...NOTHING, policy: 'policyname', change: { kind: 'delete-policy' } }],
];

for (const [name, expected] of PRINTED) {
  test(`as printed, through a shell: ${name}`, () => {
    expect(read(...shellWords(printedCommand(name)))).toEqual({ command: expected, codes: [], marked: [] });
  });

  test(`as printed, as a line of a script: ${name}`, () => {
    const line = printedCommand(name);
    const span = { ...spanOfFile('build.cmd'), lineText: line, length: line.length };
    const diags = new Diagnostics();
    expect(readIpsecpol(wordsOfLine(line, span).slice(1), diags)).toEqual(expected);
    expect(diags.all).toEqual([]);
  });
}

test('usage', () => {
  for (const words of [[], ['-?'], ['–?'], ['-h'], ['--help'], ['-w', 'REG', '-?']]) {
    expect(read(...words).command).toBe('usage');
  }
});

test('every dash that word processors make', () => {
  for (const dash of ['-', '‐', '‑', '‒', '–', '—', '―', '−']) {
    expect(read(`${dash}w`, 'REG', `${dash}p`, 'P', `${dash}y`).command).toMatchObject({ assignment: 'unassign' });
  }
});

test('(spec) and [spec] beside -n become rules of their own', () => {
  const { command, codes } = read(...STORED, '-r', 'R', '-f', '*+0:80:TCP (*+0:81:TCP)', '[*+0:82:TCP]', '-n', 'BLOCK');
  expect(codes).toEqual([]);
  expect(command).toMatchObject({
    change: {
      rule: 'R',
      rules: [
        { name: 'R (pass)', action: 'permit', specs: ['*+0:81:TCP'] },
        { name: 'R', action: 'block', specs: ['*+0:80:TCP', '*+0:82:TCP'] },
      ],
    },
  });
});

test('without -n where every filterspec says what happens', () => {
  const change = (spec: string): unknown => {
    const { command } = read(...STORED, '-r', 'R', '-f', spec);
    return typeof command === 'object' && 'change' in command && command.change.kind === 'add'
      ? command.change.rules
      : undefined;
  };
  expect(change('[*+0]')).toEqual([{ name: 'R', action: 'block', specs: ['*+0'] }]);
  expect(change('(*+0:80:TCP) [*+0]')).toEqual([
    { name: 'R', action: 'permit', specs: ['*+0:80:TCP'] },
    { name: 'R [block]', action: 'block', specs: ['*+0'] },
  ]);
});

test('-o with -r deletes only those rules', () => {
  expect(read(...STORED, '-r', 'A', '-r', 'B', '-o').command).toMatchObject({
    change: { kind: 'delete-rules', rules: ['A', 'B'] },
  });
});

test('without -w a rule is dynamic: added, or taken back with -o', () => {
  const rules = [
    { name: 'R', action: 'permit', specs: ['*+0:80:TCP'] },
    { name: 'R [block]', action: 'block', specs: ['*+0:81:TCP'] },
  ];
  const addressed = { kind: 'dynamic', machine: undefined, confirm: false };
  expect(read('–r', 'R', '–f', '*+0:80:TCP', '[*+0:81:TCP]', '–n', 'PASS', '-lan')).toEqual({
    command: { ...addressed, change: { kind: 'add', rule: 'R', rules, group: 'lan' } },
    codes: [],
    marked: [],
  });
  expect(read('-r', 'A', '-r', 'B', '-o', '-confirm').command).toEqual({
    ...addressed,
    confirm: true,
    change: { kind: 'delete-rules', rules: ['A', 'B'] },
  });
  expect(read('\\\\other', '-r', 'A', '-o').command).toMatchObject({ kind: 'dynamic', machine: 'other' });
});

test('what negotiation needs is taken, with a warning each', () => {
  const words = ['-t', '10.0.0.1', '-a', 'KERBEROS', '-1s', 'DES-MD5-2', '-1k', '10Q', '-1p', '-soft'];
  const { command, codes } = read(
    '-w',
    'REG',
    '-p',
    'P:30',
    '-r',
    'R',
    '-f',
    '*+0',
    '-n',
    'PASS',
    ...words,
    '-confirm',
  );
  expect(codes).toEqual(Array.from({ length: 7 }, () => 'XP0524'));
  expect(command).toMatchObject({ policy: 'P', confirm: true });
});

test('interface groups', () => {
  const rule = [...STORED, '-r', 'R', '-f', '*+0', '-n', 'PASS'];
  expect(read(...rule, '-lan').command).toMatchObject({ change: { group: 'lan' } });
  expect(read(...rule, '-dialup').command).toMatchObject({ change: { group: 'dialup' } });
});

test('host bits are masked once, not warned of at every later command', () => {
  const { command, codes } = read(...STORED, '-r', 'R', '-f', '*+10.1.2.3/255.0.0.0', '-n', 'PASS');
  expect(codes).toEqual(['XP0501']);
  expect(command).toMatchObject({ change: { rules: [{ specs: ['*+10.0.0.0/255.0.0.0'] }] } });
});

const REFUSED: readonly (readonly [name: string, words: readonly string[], code: string, marked: string])[] = [
  ['an unknown option', [...STORED, '-q'], 'XP0514', '-q'],
  ['an option without its value', ['-w', 'REG', '-p', '-x'], 'XP0515', '-p'],
  ['a name without quotes', ['-w', 'REG', '-p', 'Packet', 'Filter', '-x'], 'XP0516', 'Filter'],
  ['a store in lower case', ['-w', 'reg', '-p', 'P', '-x'], 'XP0517', 'reg'],
  ['an action in lower case', [...STORED, '-r', 'R', '-f', '*+0', '-n', 'pass'], 'XP0517', 'pass'],
  ['a protocol in lower case', [...STORED, '-r', 'R', '-f', '*+0:80:tcp', '-n', 'PASS'], 'XP0114', 'tcp'],
  ['a directory', ['-w', 'DS:example.com', '-p', 'P', '-x'], 'XP0518', 'DS:example.com'],
  ['INPASS', [...STORED, '-r', 'R', '-f', '*+0', '-n', 'INPASS'], 'XP0519', 'INPASS'],
  ['a security method', [...STORED, '-r', 'R', '-f', '*+0', '-n', 'ESP[3DES,SHA]'], 'XP0519', 'ESP[3DES,SHA]'],
  ['an unknown action', [...STORED, '-r', 'R', '-f', '*+0', '-n', 'DROP'], 'XP0526', 'DROP'],
  ['no policy', ['-w', 'REG', '-x'], 'XP0521', '-w'],
  ['no rule', [...STORED, '-f', '*+0', '-n', 'PASS'], 'XP0521', '-f'],
  ['no filter', [...STORED, '-r', 'R', '-n', 'PASS'], 'XP0521', '-r'],
  ['no action', [...STORED, '-r', 'R', '-f', '*+0'], 'XP0521', '*+0'],
  ['-x and -y', [...STORED, '-x', '-y'], 'XP0522', '-y'],
  ['-x and -o', [...STORED, '-x', '-o'], 'XP0522', '-x'],
  ['-o and -f', [...STORED, '-o', '-r', 'R', '-f', '*+0'], 'XP0522', '-f'],
  ['both groups', [...STORED, '-r', 'R', '-f', '*+0', '-n', 'PASS', '-lan', '-dialup'], 'XP0522', '-dialup'],
  ['-p without -w', ['-p', 'P', '-r', 'R', '-f', '*+0', '-n', 'PASS'], 'XP0523', '-p'],
  ['-x without -w', ['-p', 'P', '-x'], 'XP0523', '-x'],
  ['-y without -w', ['-y'], 'XP0523', '-y'],
  ['-o alone', ['-o'], 'XP0521', '-o'],
  ['nothing to do', ['-confirm'], 'XP0521', '-confirm'],
  ['a dynamic rule without a name', ['-f', '*+0', '-n', 'PASS'], 'XP0521', '-f'],
  ['a dynamic rule without an action', ['-r', 'R', '-f', '*+0'], 'XP0521', '*+0'],
  ['a dynamic rule without filters', ['-r', 'R', '-n', 'PASS'], 'XP0521', '-r'],
  ['two policies', ['-w', 'REG', '-p', 'P', '-p', 'Q', '-x'], 'XP0525', '-p'],
  ['two rules', [...STORED, '-r', 'R', '-r', 'S', '-f', '*+0', '-n', 'PASS'], 'XP0525', 'S'],
  ['a filterspec that is none', [...STORED, '-r', 'R', '-f', '10.0.0.1', '-n', 'PASS'], 'XP0502', '10.0.0.1'],
  ['a name with a line break', ['-w', 'REG', '-p', 'a\nb', '-x'], 'XP0010', 'a\nb'],
];

for (const [name, words, code, marked] of REFUSED) {
  test(`refused: ${name}`, () => {
    expect(read(...words)).toEqual({ command: undefined, codes: [code], marked: [marked] });
  });
}

test('every mistake is told at once', () => {
  const { codes } = read('-w', 'reg', '-p', 'P', '-r', 'R', '-f', '*+0:80:tcp', '-n', 'pass', '-q');
  expect([...codes].sort()).toEqual(['XP0114', 'XP0514', 'XP0517', 'XP0517']);
});

test('-u, show and -file', () => {
  expect(read('-u').command).toEqual({ machine: undefined, confirm: false, kind: 'unload' });
  expect(read('show').command).toMatchObject({ kind: 'show', what: 'all' });
  expect(read('SHOW', 'Filters').command).toMatchObject({ kind: 'show', what: 'filters' });
  expect(read('-file', 'lines.txt').command).toMatchObject({ kind: 'file', path: 'lines.txt' });
  expect(read('-u', '-x').codes).toEqual(['XP0522']);
  expect(read('-file').codes).toEqual(['XP0515']);
  expect(read('show', 'sas').codes).toEqual(['XP0519']);
  expect(read('show', 'filters', 'now').codes).toEqual(['XP0516']);
});

test('a machine, also with a space after its backslashes', () => {
  for (const words of [['\\\\edge'], ['\\\\', 'edge']]) {
    expect(read(...words, ...STORED, '-x').command).toMatchObject({ kind: 'stored', machine: 'edge' });
  }
});
