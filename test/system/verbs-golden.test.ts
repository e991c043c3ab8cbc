/** Every verb's output, JSON and exit code, word for word: `vitest -u` rewrites them, so read the difference. */
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NamespacePair } from '../support/namespaces.ts';
import {
  AGENT_STEPS,
  CHANGING_STEPS,
  CONFIRM_STEPS,
  PURE_STEPS,
  runSession,
  startSessionAgent,
  VERBS,
  writeSessionFiles,
} from '../support/verbs-session.ts';

/** Milliseconds for a part of the session: some forty processes, one after another. */
const PATIENCE = 300_000;

let pair: NamespacePair;

beforeAll(() => {
  pair = new NamespacePair({ ipv6: false });
  writeSessionFiles(pair);
});

afterAll(() => {
  pair[Symbol.dispose]();
});

function golden(name: string): string {
  return new URL(`../golden/verbs/${name}.txt`, import.meta.url).pathname;
}

test(
  'help of every verb',
  async () => {
    const help = runSession(
      pair,
      VERBS.map((verb) => ({ argv: ['xdpol', verb, '--help'] })),
    );
    await expect(help).toMatchFileSnapshot(golden('help'));
  },
  PATIENCE,
);

test(
  'verbs that change nothing',
  async () => {
    await expect(runSession(pair, PURE_STEPS)).toMatchFileSnapshot(golden('pure'));
  },
  PATIENCE,
);

test(
  'verbs that change the host',
  async () => {
    await expect(runSession(pair, CHANGING_STEPS)).toMatchFileSnapshot(golden('changing'));
  },
  PATIENCE,
);

test(
  'verbs beside an agent',
  async () => {
    writeFileSync(pair.config, 'interfaces: [eth0]\n');
    await startSessionAgent(pair);
    await expect(runSession(pair, AGENT_STEPS)).toMatchFileSnapshot(golden('agent'));
  },
  PATIENCE,
);

test(
  'changes that go back unless they are confirmed',
  async () => {
    await expect(runSession(pair, CONFIRM_STEPS)).toMatchFileSnapshot(golden('confirm'));
  },
  PATIENCE,
);
