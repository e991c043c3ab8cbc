import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Diagnostics } from '../../../../src/base/diagnostics.ts';
import type { HostConfig } from '../../../../src/formats/yaml/config-reader.ts';
import { DEFAULT_CONFIG, readConfig } from '../../../../src/formats/yaml/config-reader.ts';

const root = new URL('../../../../', import.meta.url);

function read(text: string): { readonly config: HostConfig; readonly found: readonly string[] } {
  const diags = new Diagnostics();
  const config = readConfig('config.yaml', text, diags);
  return { config, found: diags.all.map(({ code, span }) => `${code} ${span.line}:${span.column}`) };
}

test('the example has every setting, without a diagnostic', () => {
  const { config, found } = read(readFileSync(new URL('examples/config.yaml', root), 'utf8'));
  expect(found).toEqual([]);
  expect(config).toMatchObject({
    interfaces: ['eth0'],
    protect: [{ destination: { kind: 'me' }, protocol: 6, destinationPorts: [{ lo: 22, hi: 22 }] }],
    boot: 'open',
    interfaceGroups: { lan: ['eth0'], dialup: ['wwan0'] },
    metrics: { listen: { host: '127.0.0.1', port: 9477 } },
  });
});

test('every block of docs/configuration.md is read without a diagnostic', () => {
  const page = readFileSync(new URL('docs/configuration.md', root), 'utf8');
  const blocks = [...page.matchAll(/^```yaml\n(.*?)^```$/gmsu)].map(([, text]) => text ?? '');
  expect(blocks.length).toBeGreaterThan(4);
  for (const text of blocks) expect(read(text).found, text).toEqual([]);
});

test('docs/configuration.md has a row for each key of the schema', () => {
  const folder = new URL('src/formats/yaml/', root);
  expect(readdirSync(folder)).toContain('config.schema.json');
  const schema = JSON.parse(readFileSync(new URL('config.schema.json', folder), 'utf8')) as {
    readonly properties: Readonly<Record<string, unknown>>;
  };
  const page = readFileSync(new URL('docs/configuration.md', root), 'utf8');
  const rows = [...page.matchAll(/^\| \[`(\w+)/gmu)].map(([, key]) => key);
  expect(rows).toEqual(Object.keys(schema.properties).filter((key) => key !== '$schema'));
});

test('roles of the API by name; none but where the setting is given', () => {
  const { config } = read('api: { roles: { viewer: [alice], administrator: [bob, alice] } }');
  expect(config.api.roles).toEqual(
    new Map([
      ['alice', 'viewer'],
      ['bob', 'administrator'],
    ]),
  );
  expect(config.api.listen).toBeUndefined();
  expect(read('api: { listen: ":9478", roles: {} }').config.api.roles).toEqual(new Map());
  expect(read('api: { listen: ":9478" }').config.api.roles).toBeUndefined();
});

const KEY = 'ed25519:Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=';

test('the fleet: fronts, keys and what this host takes', () => {
  const text = `fleet: { fronts: ["https://a:9479", "https://[::1]:1"], operators: { alice: "${KEY}" }, drift: undo, bans: 0 }`;
  const { config, found } = read(text);
  expect(found).toEqual([]);
  expect(config.fleet).toEqual({
    fronts: [new URL('https://a:9479'), new URL('https://[::1]:1')],
    operators: new Map([['alice', KEY]]),
    credentials: '/etc/xdpol/fleet',
    drift: 'undo',
    bans: 0,
  });
  expect(read('fleet: {}').config).toEqual(DEFAULT_CONFIG);
});

describe('defaults', () => {
  test.each(['', '\n', '# nothing but a comment\n', '\ufeff# as an editor saved it\r\n  # indented\r\n'])(
    '%j',
    (text) => {
      expect(read(text)).toEqual({ config: DEFAULT_CONFIG, found: [] });
    },
  );

  test('an empty list is as if the key were not there', () => {
    expect(read('interfaces: []\nprotect: []\n')).toEqual({ config: DEFAULT_CONFIG, found: [] });
  });
});

describe('what is wrong is reported where it stands, and has its default', () => {
  const cases: readonly (readonly [text: string, ...found: string[]])[] = [
    ['interface: [eth0]', 'XP0005 1:1'],
    ['interfaces: eth0', 'XP0006 1:13'],
    ['interfaces: [eth0, "a/b"]', 'XP0309 1:21'],
    ['interfaces: ["et h*"]', 'XP0309 1:15'],
    ['interfaces: [abcdefghijklmnop]', 'XP0309 1:14'],
    ['interfaceGroups: { lan: ["eth*/"] }', 'XP0309 1:27'],
    ['interfaceGroups: { wan: [eth0] }', 'XP0005 1:20'],
    ['boot: shut', 'XP0008 1:7'],
    ['boot: true', 'XP0008 1:7'],
    ['protect: [{ source: $office, destination: me }]', 'XP0206 1:21'],
    ['protect: [{ sauce: any }]', 'XP0005 1:13'],
    ['protect: ["10.0.0.1+0:22:TCP", "nonsense"]', 'XP0502 1:33'],
    ['metrics: { listen: 9477 }', 'XP0006 1:20'],
    ['metrics: { listen: "127.0.0.1" }', 'XP0901 1:21'],
    ['metrics: { port: 1 }', 'XP0005 1:12'],
    ['api: { listen: "here" }', 'XP0901 1:17'],
    ['api: { roles: { root: [alice] } }', 'XP0005 1:17'],
    ['api: { roles: { viewer: [alice], administrator: [bob, alice] } }', 'XP0902 1:55'],
    ['fleet: { fronts: ["http://a:1"] }', 'XP0903 1:20'],
    ['fleet: { fronts: ["https://a:1/x", "a:1"] }', 'XP0903 1:20', 'XP0903 1:37'],
    ['fleet: { operators: { alice: ed25519:short= } }', 'XP0904 1:30'],
    ['fleet: { drift: ignore }', 'XP0008 1:17'],
    ['fleet: { bans: -1 }', 'XP0905 1:16'],
    ['fleet: { bans: many }', 'XP0006 1:16'],
    ['fleet: { leader: a }', 'XP0005 1:10'],
    ['- eth0', 'XP0006 1:1'],
    ['boot: open\nboot: closed', 'XP0002 2:1'],
    ['a: [', 'XP0001 1:5'],
  ];
  for (const [text, ...found] of cases) test(text, () => expect(read(text).found).toEqual(found));

  test('the other settings are read', () => {
    const { config } = read('boot: closed\ninterfaces: [eth0, "a/b", "wan?", eth0]\nmetrics: { listen: x }\n');
    expect(config).toEqual({ ...DEFAULT_CONFIG, boot: 'closed', interfaces: ['eth0', 'wan?'] });
  });
});
