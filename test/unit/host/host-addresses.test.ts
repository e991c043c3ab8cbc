import { expect, test } from 'vitest';
import { present } from '../../../src/base/assert.ts';
import { Diagnostics } from '../../../src/base/diagnostics.ts';
import { formatAddress, parseAddress } from '../../../src/base/ip.ts';
import { resolveHost } from '../../../src/host/host-addresses.ts';
import { classify } from '../../../src/policy/classify.ts';
import type { Policy } from '../../../src/policy/model.ts';
import { parsePacketText } from '../../../src/policy/packet/text.ts';
import { readText } from '../../support/read-text.ts';

function policyOf(...filters: string[]): Policy {
  return present(readText(`{name: t, rules: [{name: r, action: block, filters: [${filters.join()}]}]}`).policy);
}

const ANSWERS: Readonly<Record<string, readonly string[]>> = {
  'mail.example.com': ['192.0.2.1', '2001:db8::1', '192.0.2.2', '192.0.2.1', 'fe80::1%eth0'],
  'empty.example.com': [],
};

test('a name stands for every answer of both families, asked for once', async () => {
  const policy = policyOf('{source: mail.example.com}', '{source: me, destination: Mail.Example.COM}');
  const asked: string[] = [];
  const diags = new Diagnostics();
  const host = await resolveHost(policy, [], diags, {
    resolve: (name) => {
      asked.push(name);
      return Promise.resolve(ANSWERS[name] ?? []);
    },
  });
  expect(asked).toEqual(['mail.example.com']);
  const answers = host.names.get('mail.example.com')?.map(formatAddress);
  expect(answers).toEqual(['192.0.2.1', '2001:db8::1', '192.0.2.2', 'fe80::1']);
  for (const text of ['udp 192.0.2.2:1 -> 10.0.0.1:2', 'udp [2001:db8::1]:1 -> [2001:db8::9]:2']) {
    const packet = present(parsePacketText(text, {}, new Diagnostics()));
    expect(classify(policy, host, packet)).toMatchObject({ verdict: 'drop', rule: 'r' });
  }
  expect(diags.all).toEqual([]);
});

test('names without an answer are errors, all of them in one run', async () => {
  const policy = policyOf('{source: empty.example.com}', '{source: missing.example.com}', '{source: mail.example.com}');
  const diags = new Diagnostics();
  await resolveHost(policy, [], diags, {
    resolve: (name) => {
      const found = ANSWERS[name];
      return found === undefined
        ? Promise.reject(Object.assign(new Error(), { code: 'ENOTFOUND' }))
        : Promise.resolve(found);
    },
  });
  expect(diags.all.map(({ code, message }) => `${code} ${message}`)).toEqual([
    'XP0220 the name empty.example.com has no address: no answer',
    'XP0220 the name missing.example.com has no address: ENOTFOUND',
  ]);
});

test('what is known is not asked for, and a name that has no answer is no error', async () => {
  const policy = policyOf(
    '{source: missing.example.com}',
    '{source: silent.example.com}',
    '{source: mail.example.com}',
  );
  const diags = new Diagnostics();
  const known = new Map([['mail.example.com', [present(parseAddress('192.0.2.99'))]]]);
  const asked: string[] = [];
  const { names } = await resolveHost(policy, [], diags, {
    known,
    mayLack: true,
    resolve: (name) => {
      asked.push(name);
      return name.startsWith('silent') ? new Promise(() => undefined) : Promise.reject(new Error('ENOTFOUND'));
    },
  });
  expect(asked).toEqual(['missing.example.com', 'silent.example.com']);
  expect([...names].map(([name, addresses]) => [name, addresses.map(formatAddress)])).toEqual([
    ['missing.example.com', []],
    ['silent.example.com', []],
    ['mail.example.com', ['192.0.2.99']],
  ]);
  expect(diags.all).toEqual([]);
});
