/** What is in force, told of several interfaces: no line twice, which Prometheus would refuse or drop. */
import { expect, test } from 'vitest';
import type { Generation } from '../../../src/engine/generation.ts';
import type { Attachment } from '../../../src/engine/survey.ts';
import { Samples } from '../../../src/exporter/sample-metrics.ts';
import { addPolicy } from '../../../src/exporter/state.ts';

function generation(number: number, rules: readonly string[]): Generation {
  return {
    policy: 'edge',
    hash: `h${number}`,
    generation: number,
    appliedAt: '2026-01-01T00:00:00.000Z',
    default: 'permit',
    defaultSlot: 40,
    rules: rules.map((name, i) => ({ name, action: 'block', filterList: name, filters: 2, slot: 41 + i })),
    tables: [],
  };
}

function attachment(name: string, of: Generation): Attachment {
  const hook = { kind: 'xdp', programId: 1, programTag: 'tag', generation: of } as const;
  return {
    name,
    ifindex: 1,
    mode: 'native',
    hooks: [
      { direction: 'ingress', ...hook },
      { direction: 'egress', ...hook },
    ],
    directory: '',
  };
}

function linesOf(attachments: readonly Attachment[]): readonly string[] {
  const samples = new Samples();
  addPolicy(samples, attachments);
  return samples
    .bytes('openmetrics')
    .toString()
    .split('\n')
    .filter((line) => /^xdpol_(?:policy|rule)_info/u.test(line));
}

const WEB = 'xdpol_rule_info{policy="edge",rule="web",action="block",filter_list="web",filters="2"} 1';
const MAIL = WEB.replaceAll('web', 'mail');

test('a policy on several interfaces is told once, and each of its rules', () => {
  const of = generation(3, ['web', 'mail']);
  expect(linesOf([attachment('eth0', of), attachment('eth1', of), attachment('eth2', of)])).toEqual([
    'xdpol_policy_info{policy="edge",hash="h3",generation="3"} 1',
    WEB,
    MAIL,
  ]);
});

test('between the swaps of two interfaces both generations are told, and a rule of both once', () => {
  const both = [attachment('eth0', generation(4, ['web', 'mail'])), attachment('eth1', generation(3, ['web']))];
  expect(linesOf(both)).toEqual([
    'xdpol_policy_info{policy="edge",hash="h4",generation="4"} 1',
    'xdpol_policy_info{policy="edge",hash="h3",generation="3"} 1',
    WEB,
    MAIL,
  ]);
});
