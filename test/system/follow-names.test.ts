/** DNS names follow their answers while the agent runs, and keep the last one while there is none. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { AgentProcess } from '../support/agent-process.ts';
import { NamespacePair } from '../support/namespaces.ts';
import { withHosts } from '../support/with-hosts.ts';

const NAME = 'www.example.test';
const SERIES = `{name="${NAME}"}`;
const SECOND = '198.51.100.7';
const POLICY = `name: names
rules:
  - { name: ping, action: block, filters: [{ destination: ${NAME}, protocol: icmp }] }
`;
const POLL_MS = 200;
const PATIENCE_MS = 60_000;

async function waitFor(what: string, condition: () => boolean): Promise<void> {
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end && !condition(); ) await sleep(POLL_MS);
  expect({ what, is: condition() }).toEqual({ what, is: true });
}

function applied(pair: NamespacePair): void {
  const file = join(pair.directory, 'names.yaml');
  writeFileSync(file, POLICY);
  pair.exec(pair.host, ['ip', 'address', 'add', `${SECOND}/24`, 'dev', pair.host.device]);
  pair.exec(pair.peer, ['ip', 'route', 'add', '198.51.100.0/24', 'via', pair.host.ipv4]);
  pair.exec(pair.host, withHosts(pair, `${pair.host.ipv4} ${NAME}\n`, pair.xdpol('apply', file, '-i', 'eth0')));
}

function answersPing(pair: NamespacePair, to: string): boolean {
  return pair.run(pair.peer, ['ping', '-c1', '-W1', to]).status === 0;
}

test('a new answer is in force, told, remembered and in the audit log', { timeout: 120_000 }, async () => {
  using pair = new NamespacePair({ ipv6: false });
  applied(pair);
  expect([pair.host.ipv4, SECOND].map((to) => answersPing(pair, to))).toEqual([false, true]);
  const agent = await AgentProcess.start(pair, undefined, (argv) => withHosts(pair, `${SECOND} ${NAME}\n`, argv));
  await waitFor('told', () => agent.log.includes(`${NAME} is now ${SECOND}: names in force, generation 2`));
  expect([pair.host.ipv4, SECOND].map((to) => answersPing(pair, to))).toEqual([true, false]);
  expect(readFileSync(join(pair.directory, 'state/known-host.json'), 'utf8')).toContain(SECOND);
  expect(pair.exec(pair.host, pair.xdpol('history', '--changes'))).toContain('follow');
  const scrape = agent.scrape();
  expect(scrape.value(`xdpol_name_failures_total${SERIES}`)).toBe(0);
  expect(scrape.value(`xdpol_name_age_seconds${SERIES}`)).toBeLessThan(60);
});

test('without an answer the last one stays, is counted over restarts, and is replaced by the next', {
  timeout: 120_000,
}, async () => {
  using pair = new NamespacePair({ ipv6: false });
  applied(pair);
  const wrap = (argv: readonly string[]): readonly string[] => withHosts(pair, '', argv);
  const first = await AgentProcess.start(pair, undefined, wrap);
  await waitFor('told', () => first.log.includes(`${NAME} has no answer (`));
  expect(first.log).toContain(`its last one stays: ${pair.host.ipv4}`);
  expect(answersPing(pair, pair.host.ipv4)).toBe(false);
  const before = first.scrape().value(`xdpol_name_failures_total${SERIES}`);
  expect(before).toBeGreaterThan(0);
  await waitFor('written', () =>
    readFileSync(join(pair.directory, 'state/known-host.json'), 'utf8').includes('failures": {\n'),
  );
  await first.end('SIGTERM');
  const second = await AgentProcess.start(pair, undefined, wrap);
  await waitFor('failures', () => second.scrape().sum('xdpol_name_failures_total') > before);
  writeFileSync(join(pair.directory, 'hosts'), `${SECOND} ${NAME}\n`);
  await waitFor('answered', () => second.log.includes(`${NAME} has an answer again`));
  await waitFor('in force', () => second.log.includes(`${NAME} is now ${SECOND}`));
  expect([pair.host.ipv4, SECOND].map((to) => answersPing(pair, to))).toEqual([true, false]);
});
