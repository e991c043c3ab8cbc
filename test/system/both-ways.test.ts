/** Commands with an agent and without it: the same results, by whoever is allowed to ask. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Outcome } from '../support/namespaces.ts';
import { NamespacePair } from '../support/namespaces.ts';
import {
  CHANGING_STEPS,
  CONFIRM_STEPS,
  QUESTION_STEPS,
  runSession,
  startSessionAgent,
  writeSessionFiles,
} from '../support/verbs-session.ts';

/** Milliseconds for some forty processes each way, one after another. */
const PATIENCE = 400_000;

/** Of nobody, and of a group that only the agent knows by its name. */
const USER = 64_321;
const GROUP = 64_322;

let pair: NamespacePair;

beforeAll(async () => {
  pair = new NamespacePair({ ipv6: false });
  writeSessionFiles(pair);
  writeFileSync(join(pair.directory, 'group'), `root:x:0:\nxdpol:x:${GROUP}:\n`);
  chmodSync(pair.directory, 0o755);
  await startSessionAgent(pair, ['unshare', '--mount', 'sh', '-c', GROUP_FILE, pair.directory]);
});

afterAll(() => pair[Symbol.dispose]());

/** The agent's own, with the group. */
const GROUP_FILE = 'mount --bind "$0/group" /etc/group && exec "$@"';

/** What the same steps print without an agent, by a test of their own. */
function aloneAs(name: string): string {
  return readFileSync(new URL(`../golden/verbs/${name}.txt`, import.meta.url), 'utf8');
}

describe('with the agent and without it every verb prints the same and ends the same', () => {
  test('changes', { timeout: PATIENCE }, () => {
    // The last asks for a dynamic rule, which takes an agent either way.
    const printed = aloneAs('changing');
    expect(runSession(pair, CHANGING_STEPS.slice(0, -1))).toBe(printed.slice(0, printed.lastIndexOf('\n$ ')));
  });

  test('changes that wait to be confirmed', { timeout: PATIENCE }, () => {
    // They begin where nothing is stored.
    for (const words of [['unassign'], ['delete', 'edge']]) pair.exec(pair.host, pair.xdpol(...words));
    expect(runSession(pair, CONFIRM_STEPS)).toBe(aloneAs('confirm'));
  });

  // Doctor says where no agent runs, so here one runs that is not asked.
  test('questions', { timeout: PATIENCE }, () => {
    const asked = runSession(pair, QUESTION_STEPS);
    const unasked = { side: pair.host, before: ['env', 'XDPOL_AGENT_SOCKET='] };
    expect(asked).toBe(runSession(pair, QUESTION_STEPS, unasked));
    expect(asked).toContain('exit 0');
  });
});

/** As a user without rights, with one group. */
function as(group: number, ...words: readonly string[]): Outcome {
  const who = ['setpriv', `--reuid=${USER}`, `--regid=${group}`, '--clear-groups'];
  return pair.run(pair.host, [...who, ...pair.xdpol(...words)]);
}

describe('who is not root', () => {
  const edge = (): string => join(pair.directory, 'edge.yaml');

  test('a member of the group does what the agent does for him', { timeout: PATIENCE }, () => {
    const results: readonly (readonly [readonly string[], string])[] = [
      [['apply', edge(), '-i', 'eth0', '--confirm', '5m'], 'edge: in force, generation'],
      [['confirm'], 'edge'],
      [['status'], 'edge'],
      [['list'], 'edge'],
      [['history', 'edge'], `uid ${USER}`],
      [['counters'], 'rest'],
      [['explain', 'tcp 203.0.113.9:40000 -> 192.0.2.1:22'], 'by rule "listed"'],
      [['check', 'edge'], 'no errors'],
      [['doctor', '-i', 'eth0'], 'checks of the host and eth0'],
      [['unassign'], 'eth0'],
      [['delete', 'edge'], 'edge'],
      [['history', '--changes'], `uid ${USER}`],
    ];
    for (const [words, said] of results) {
      const { status, stdout, stderr } = as(GROUP, ...words);
      expect({ words, status, stderr, stdout }).toMatchObject({
        status: 0,
        stdout: expect.stringContaining(said) as string,
      });
    }
  });

  test.each([[['status']], [['apply', 'edge.yaml', '-i', 'eth0']], [['unassign']], [['confirm']]])(
    'nobody else may, and is told which group may: %s',
    ([verb = '', ...words]) => {
      const { status, stderr } = as(USER, verb, ...words.map((word) => (word === 'edge.yaml' ? edge() : word)));
      expect(status).toBe(1);
      expect(stderr).toContain('needs CAP_SYS_ADMIN');
      expect(stderr).toContain('group xdpol');
    },
  );
});
