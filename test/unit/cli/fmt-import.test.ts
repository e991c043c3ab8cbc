/** `xdpol fmt` and `xdpol import` as programs. */
import { spawnSync } from 'node:child_process';
import { chmodSync, lstatSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { program } from '../../support/program.ts';

const examples = new URL('../../../examples/', import.meta.url).pathname;
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'xdpol-fmt-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function xdpol(
  args: readonly string[],
  input: string | Uint8Array = '',
): { code: number | null; out: string; err: string } {
  const env = { ...process.env, XDPOL_STATE_DIR: join(folder, 'state'), NODE_NO_WARNINGS: '1' };
  const [node, ...argv] = program('main', ...args);
  const run = spawnSync(node, argv, { input, env, encoding: 'utf8' });
  return { code: run.status, out: run.stdout, err: run.stderr };
}

function file(name: string, text: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const UGLY = '# top\nrules: []   # none\nname: "x"\n';
const NEAT = 'name: x\n\n# top\nrules: [] # none\n';

test('fmt prints, from a file or standard input', () => {
  expect(xdpol(['fmt', file('a.yaml', UGLY)])).toEqual({ code: 0, out: NEAT, err: '' });
  expect(xdpol(['fmt', '-'], UGLY)).toEqual({ code: 0, out: NEAT, err: '' });
});

test('fmt --check: 0 for what is formatted, 3 and the names of the rest', () => {
  const [good, bad] = [file('good.yaml', NEAT), file('bad.yaml', UGLY)];
  expect(xdpol(['fmt', '--check', good])).toEqual({ code: 0, out: '', err: '' });
  const { code, out, err } = xdpol(['fmt', '--check', bad, good]);
  expect([code, out, err]).toEqual([3, '', `${bad} is not formatted: run xdpol fmt --write ${bad}\n`]);
  expect(readFileSync(bad, 'utf8')).toBe(UGLY);
});

test('fmt --write replaces what differs, keeps the mode, follows a link, leaves a broken file alone', () => {
  const target = file('target.yaml', UGLY);
  chmodSync(target, 0o640);
  const link = join(folder, 'link.yaml');
  symlinkSync(target, link);
  const broken = file('broken.yaml', 'a: [');
  expect(xdpol(['fmt', '--write', broken, link]).code).toBe(3);
  expect(readFileSync(target, 'utf8')).toBe(NEAT);
  expect(statSync(target).mode & 0o777).toBe(0o640);
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(readFileSync(broken, 'utf8')).toBe('a: [');
});

test('fmt to JSON keeps no comments: printed with a warning, never written', () => {
  const path = file('c.yaml', UGLY);
  const { code, out, err } = xdpol(['fmt', '--format', 'json', path]);
  expect([code, JSON.parse(out)]).toEqual([0, { name: 'x', rules: [] }]);
  expect(err).toContain('2 are left out');
  expect(xdpol(['fmt', '--format', 'json', '--write', path]).code).toBe(2);
  expect(readFileSync(path, 'utf8')).toBe(UGLY);
});

test('fmt --format ipsecpol prints what can be said and exits 3 for what cannot', () => {
  const specs = xdpol(['fmt', '--format', 'ipsecpol', join(examples, 'packet-filter-specs.yaml')]);
  expect([specs.code, specs.out.split('\n').length, specs.err]).toEqual([0, 4, '']);
  const edge = xdpol(['fmt', '--format', 'ipsecpol', join(examples, 'edge-host.yaml')]);
  expect(edge.code).toBe(3);
  expect(edge.err).toContain('XP0520');
});

const misuse: readonly (readonly string[])[] = [
  ['fmt', '--write', '-'],
  ['fmt', '--write', '--check', 'a.yaml'],
  ['fmt', '--write', '--format', 'ipsecpol', 'a.yaml'],
  ['fmt', 'a.yaml', 'b.yaml'],
  ['fmt'],
  ['import', '--name', ' x', '-'],
];
for (const args of misuse) {
  test(`usage: xdpol ${args.join(' ')}`, () => {
    const { code, out } = xdpol(args, 'name: x\nrules: []\n');
    expect([code === 2 || code === 3, out]).toEqual([true, '']);
  });
}

test('import prints a policy that check takes', () => {
  const { code, out } = xdpol(['import', '--name', 'servers', join(examples, 'chart.csv')]);
  expect([code, out.includes('name: servers')]).toEqual([0, true]);
  const checked = JSON.parse(xdpol(['check', '--json', '-'], out).out) as { ok: boolean };
  expect(checked.ok).toBe(true);
});

test('import -o writes once; --force writes again', () => {
  const path = join(folder, 'new.yaml');
  const args = ['import', '-o', path, join(examples, 'chart.csv')];
  expect([xdpol(args).code, xdpol(args).code, xdpol([...args, '--force']).code]).toEqual([0, 2, 0]);
  expect(readFileSync(path, 'utf8')).toContain('Web—SSL');
});

test('import reads what spreadsheets save', () => {
  const text = readFileSync(join(examples, 'chart.csv'), 'utf8');
  const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]);
  const windows = Buffer.from(text.replaceAll('—', '\u0097'), 'latin1');
  const expected = xdpol(['import', '-'], text).out;
  expect(expected).toContain('Web—SSL');
  for (const bytes of [utf16, windows]) expect(xdpol(['import', '-'], bytes).out).toBe(expected);
});

test('import tells where a chart is wrong and prints no policy', () => {
  const { code, out, err } = xdpol(['import', '-'], 'Role,Direction\na,in\n');
  expect([code, out]).toEqual([3, '']);
  expect(err).toContain('stdin:1:6: error[XP0803]');
  expect(xdpol(['import', join(folder, 'nowhere.csv')]).code).toBe(1);
});

const SCRIPT = `netsh ipsec static add policy name=P
netsh ipsec static add filter filterlist=web srcaddr=any dstaddr=me protocol=tcp dstport=80
netsh ipsec static add rule name=web policy=P filterlist=web filteraction=Permit
netsh ipsec static add filter filterlist=all srcaddr=any dstaddr=me
netsh ipsec static add filteraction name=Block action=block
netsh ipsec static add rule name=all policy=P filterlist=all filteraction=Block
`;
const BROKEN = `${SCRIPT}netsh ipsec static add filter filterlist=web srcaddr=any dstaddr=me protocol=tcp dstport=99999\n`;

test('import of a script that is not taken as a whole exits 3 and prints no policy', () => {
  const { code, out, err } = xdpol(['import', '-'], BROKEN);
  expect([code, out]).toEqual([3, '']);
  expect(err).toContain('error[XP0537]: nothing is printed: lines 3, 7 may permit or block');
  const path = join(folder, 'broken.out.yaml');
  expect(xdpol(['import', '-', '-o', path], BROKEN).code).toBe(3);
  expect(() => statSync(path)).toThrow('ENOENT');
});

test('import --partial prints the rules that are whole', () => {
  const { code, out, err } = xdpol(['import', '--partial', '-'], BROKEN);
  expect(code).toBe(0);
  expect(err).toContain('XP0536');
  expect(out).toContain('# Lines that were left out: 3, 7.');
  expect(out).not.toContain('web');
  expect(out).toContain('{ filterList: all, action: block }');
});

test('import of a script of another code page says how to convert it', () => {
  const gbk = Buffer.concat([Buffer.from(SCRIPT), Buffer.from('rem '), Buffer.from([0xb6, 0xcb, 0xbf, 0xda])]);
  const { code, err } = xdpol(['import', '-'], gbk);
  expect(code).toBe(0);
  expect(err).toContain('XP0539');
  expect(err).toContain('iconv -f CODEPAGE -t UTF-8');
  const utf16 = Buffer.from(SCRIPT, 'utf16le');
  expect(xdpol(['import', '-'], utf16)).toMatchObject({ code: 0, err: '' });
});

test('import --lan and --dialup name the interfaces of a group', () => {
  const text = `${SCRIPT}netsh ipsec static set rule name=web policy=P conntype=lan\n`;
  expect(xdpol(['import', '-'], text).code).toBe(3);
  const { code, out } = xdpol(['import', '--lan', 'eth1', '--lan', 'eth2', '-'], text);
  expect(code).toBe(0);
  expect(out).toContain('interfaces: [eth1, eth2]');
});
