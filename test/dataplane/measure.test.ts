/** What is measured of a policy: that every row's packets are its rule's, and what is said of rules without any. No times. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { present } from '../../src/base/assert.ts';
import { Diagnostics } from '../../src/base/diagnostics.ts';
import { EnvironmentError } from '../../src/base/environment-error.ts';
import { readPolicy } from '../../src/formats/yaml/policy-reader.ts';
import type { Effort } from '../../src/measure/bench-effort.ts';
import { lastAllowedCpu } from '../../src/measure/cpu.ts';
import type { PolicyFigures } from '../../src/measure/measure-policy.ts';
import { measurePolicy } from '../../src/measure/measure-policy.ts';
import { ReferenceClassifier } from '../../src/policy/classify.ts';
import type { HostAddresses, Policy } from '../../src/policy/model.ts';
import { compiled } from '../support/kernel.ts';
import { block, hostOf, permit, policyOf, setsOf } from '../support/policies.ts';

/** Too little to say anything of times. */
const LITTLE: Effort = {
  rounds: 1,
  repeat: 2048,
  fill: { packets: 2048, traced: 4096, search: 4096, block: 512 },
  sample: 32,
  rules: 4,
  screening: { rules: 8, rounds: 1, packets: 4096 },
  live: { rounds: 1, frames: 1024 },
};

interface Changes {
  readonly host?: HostAddresses;
  readonly interface?: string;
  /** What the reference classifier is told, instead of the same policy. */
  readonly reference?: Policy;
}

function measured(policy: Policy, changes: Changes = {}): PolicyFigures {
  const { host = hostOf(), interface: interfaceName, reference = policy } = changes;
  return measurePolicy({
    compiled: compiled(policy, host, { interfaceName }),
    reference: { classifier: new ReferenceClassifier(reference, host), interface: interfaceName },
    cpu: lastAllowedCpu(),
    effort: LITTLE,
    live: false,
  });
}

function examplePolicy(): Policy {
  const text = readFileSync(new URL('../../examples/packet-filter.yaml', import.meta.url), 'utf8');
  const readSetFile = (): { error: string } => ({ error: 'it has none' });
  return present(readPolicy({ file: 'packet-filter.yaml', text, readSetFile }, new Diagnostics()));
}

/** `rule family verdict`, `default family verdict`, ... */
function rowsOf(figures: PolicyFigures): readonly string[] {
  return figures.rows.map(({ subject: s }) => `${s.rule ?? s.reason ?? s.by} ${s.family} ${s.verdict}`);
}

function unfoundOf(figures: PolicyFigures): readonly string[] {
  return figures.unfound.map(({ rule, by, family }) => `${rule ?? by} ${family}`);
}

const UNPARSED = ['malformed 4 drop', 'malformed 6 drop'];

describe('rows', () => {
  test('of the example: its rules in order, defaults of both families, parse failures', () => {
    const figures = measured(examplePolicy());
    expect(rowsOf(figures)).toEqual([
      'Inbound web protocols 4 pass',
      'Inbound/outbound mail 4 pass',
      'All inbound traffic 4 drop',
      'default 4 pass',
      'default 6 pass',
      ...UNPARSED,
    ]);
    expect(figures).toMatchObject({ unfound: [], idle: [], screened: [], leftOut: 0 });
    const standings = figures.rows.map(({ standing }) => standing);
    expect(standings.slice(0, 3).sort()).toEqual(['best', 'median', 'worst']);
    expect(standings.slice(3)).toEqual([null, null, null, null]);
    for (const { packets } of figures.rows) expect(packets).toBeGreaterThan(1500);
  });

  test('a rule for both families has two; a policy of IPv6 has IPv4 in its default', () => {
    const both = measured(policyOf([block({ protocol: 'tcp', dport: '22' })]));
    expect(rowsOf(both).slice(0, 2)).toEqual(['block 1 4 drop', 'block 1 6 drop']);
    const six = measured(policyOf([block({ to: '2001:db8::/32' })]));
    expect(rowsOf(six)).toEqual(['block 1 6 drop', 'default 4 pass', 'default 6 pass', ...UNPARSED]);
  });

  test('the default blocks, and is met by strangers to the addresses that filters name', () => {
    const figures = measured(
      policyOf([permit({ to: '192.0.2.1', protocol: 'tcp', dport: '80' })], { default: 'block' }),
    );
    expect(rowsOf(figures)).toEqual(['permit 1 4 pass', 'default 4 drop', 'default 6 drop', ...UNPARSED]);
  });

  test('a default that nothing is left to', () => {
    const figures = measured(policyOf([block({})]));
    expect(rowsOf(figures)).toEqual(['block 1 4 drop', 'block 1 6 drop', ...UNPARSED]);
    expect(unfoundOf(figures)).toEqual(['default 4', 'default 6']);
  });

  test('what cannot be parsed passes where the policy is not strict', () => {
    const figures = measured(policyOf([], { strict: false }));
    expect(rowsOf(figures).slice(-2)).toEqual(['malformed 4 pass', 'malformed 6 pass']);
  });

  test('a set, me and a name', () => {
    const sets = setsOf({ listed: ['10.0.0.0/8', '203.0.113.7', '2001:db8:1::/48'] });
    const host = hostOf(['192.0.2.1', '2001:db8::1'], { 'mail.example': ['192.0.2.25'] });
    const rules = [block({ from: '$listed', to: 'me' }), permit({ from: 'mail.example', to: 'me', protocol: 'udp' })];
    const figures = measured(policyOf(rules, { addressSets: sets }), { host });
    expect(rowsOf(figures).slice(0, 3)).toEqual(['block 1 4 drop', 'block 1 6 drop', 'permit 2 4 pass']);
  });

  test('established only: with an ACK; what comes before it, without', () => {
    const rules = [permit({ protocol: 'tcp', established: true }), block({ protocol: 'tcp' })];
    const figures = measured(policyOf(rules));
    expect(rowsOf(figures).slice(0, 4)).toEqual([
      'permit 1 4 pass',
      'permit 1 6 pass',
      'block 2 4 drop',
      'block 2 6 drop',
    ]);
  });

  test('a rule of which only the half without a condition is left', () => {
    const rules = [
      permit({ to: '192.0.2.1', protocol: 'tcp', dport: '22', mirrored: 'established' }),
      block({ from: '192.0.2.1', protocol: 'tcp', sport: '22', established: true }),
      permit({ to: '192.0.2.1', protocol: 'tcp', dport: '22', established: true }),
    ];
    const figures = measured(policyOf(rules));
    expect(rowsOf(figures).slice(0, 3)).toEqual(['permit 1 4 pass', 'block 2 4 drop', 'permit 3 4 pass']);
  });

  test('one ICMP message between two hosts is one packet', () => {
    const ping = { from: '192.0.2.1', to: '192.0.2.2', protocol: 'icmp', type: 8, code: 0 } as const;
    const figures = measured(policyOf([block(ping), permit({ protocol: 'icmp', type: 8 })]));
    expect(rowsOf(figures).slice(0, 3)).toEqual(['block 1 4 drop', 'permit 2 4 pass', 'permit 2 6 pass']);
    expect(figures.rows[0]?.packets).toBe(1);
  });
});

describe('rules without packets', () => {
  test('a rule whose packets others take', () => {
    const rules = [
      permit({ to: '192.0.2.0/31', protocol: 'tcp' }),
      block({ to: '192.0.2.0', protocol: 'tcp' }),
      block({ to: '192.0.2.1', protocol: 'tcp' }),
    ];
    const figures = measured(policyOf(rules));
    expect(unfoundOf(figures)).toEqual(['permit 1 4']);
    expect(rowsOf(figures).slice(0, 2)).toEqual(['block 2 4 drop', 'block 3 4 drop']);
  });

  test('a rule limited to interfaces takes part on them only', () => {
    const inside = { name: 'inside', ...permit({ to: '192.0.2.1' }), interfaces: ['eth7'] };
    const policy = policyOf([inside]);
    expect(measured(policy).idle).toEqual([{ rule: 'inside', why: 'other interfaces' }]);
    expect(rowsOf(measured(policy, { interface: 'eth7' }))[0]).toBe('inside 4 pass');
  });

  test('me without an address', () => {
    expect(measured(policyOf([block({ to: 'me' })])).idle).toEqual([{ rule: 'block 1', why: 'no address' }]);
  });
});

test('of many rules some are screened, and few of those are measured', () => {
  const ports = Array.from({ length: 12 }, (_, i) => block({ to: '192.0.2.1', protocol: 'tcp', dport: `${1000 + i}` }));
  const established = permit({ to: '192.0.2.1', protocol: 'tcp', dport: '2000', established: true });
  const figures = measured(policyOf([...ports, established]));
  expect(figures.screened).toHaveLength(8);
  expect(figures.leftOut).toBe(5);
  const rules = figures.rows.filter(({ subject }) => subject.by === 'rule');
  const screened = new Set(figures.screened.map(({ subject }) => subject));
  expect(rules.filter(({ subject }) => !screened.has(subject))).toEqual([]);
  expect(rules.map(({ standing }) => standing)).toEqual(expect.arrayContaining(['best', 'worst']));
  for (const { overBare } of figures.screened) expect(overBare).not.toBeNaN();
});

test('nothing is timed where the reference classifier says otherwise', () => {
  const policy = policyOf([{ name: 'web', ...permit({ to: '192.0.2.1', protocol: 'tcp', dport: '80' }) }]);
  const other = policyOf([{ name: 'mail', ...permit({ to: '192.0.2.1', protocol: 'tcp', dport: '80' }) }]);
  expect(() => measured(policy, { reference: other })).toThrow(EnvironmentError);
});
