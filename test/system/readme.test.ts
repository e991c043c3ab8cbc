/**
 * The sessions of the documentation, run as they stand: each command in the server's namespace, its output word for
 * word. The agent's log is JSON here, and text on the reader's terminal. What differs from run to run (times, identifiers, packets of a connection) is masked on both sides.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { NamespacePair } from '../support/namespaces.ts';
import { program } from '../support/program.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SERVER = '131.107.1.1';
const CLIENT = '131.107.1.2';
const MARK = '@@ ';

interface Step {
  readonly command: string;
  readonly output: string;
}

/** The commands of the first `console` block that has `text`, with the output printed below each. */
function sessionWith(page: string, text: string): readonly Step[] {
  const blocks = [...readFileSync(join(ROOT, page), 'utf8').matchAll(/```console\n(?<body>.*?)```/gsu)];
  const body = blocks.map(({ groups }) => groups?.['body'] ?? '').find((block) => block.includes(text)) ?? '';
  return body
    .split(/^# /mu)
    .slice(1)
    .map((step) => {
      const [command = '', ...output] = step.trimEnd().split('\n');
      return { command, output: output.join('\n') };
    });
}

function masked(output: string): string {
  return output
    .trimEnd()
    .replaceAll(/\(\d+ ms\)/gu, '(N ms)')
    .replaceAll(/until \d\d:\d\d:\d\d \(\d+ s\)/gu, 'until TIME')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/gu, 'TIME')
    .replaceAll(/\d+ [0-9a-f]{16}$/gmu, 'PROGRAM')
    .replaceAll(/, [0-9a-f]{12}$/gmu, ', HASH')
    .replaceAll(/ +\d+ +\d+$/gmu, ' COUNTS')
    .replaceAll(/ +PACKETS +BYTES$/gmu, ' COUNTS')
    .replaceAll(/\} \d+$/gmu, '} N')
    .replaceAll(/^\{"level":.*"message":"(?<message>[^"]*)"\}$/gmu, 'xdpol agent: $<message>');
}

let pair: NamespacePair;

beforeEach(() => {
  pair = new NamespacePair({ ipv6: false });
  for (const [side, address] of [
    [pair.host, SERVER],
    [pair.peer, CLIENT],
  ] as const) {
    pair.exec(side, ['ip', 'addr', 'flush', 'dev', side.device, 'scope', 'global']);
    pair.exec(side, ['ip', 'addr', 'add', `${address}/24`, 'dev', side.device]);
  }
  pair.exec(pair.peer, ['ip', 'neigh', 'replace', SERVER, 'lladdr', pair.host.mac, 'dev', pair.peer.device]);
  pair.exec(pair.host, ['ip', 'neigh', 'replace', CLIENT, 'lladdr', pair.peer.mac, 'dev', pair.host.device]);
});

afterEach(() => pair[Symbol.dispose]());

/** A policy that is not confirmed stands twice as long here: a busy machine needs more of it for the commands between. */
const SLOWER = [
  ['--confirm 5s', '--confirm 10s'],
  ['sleep 6', 'sleep 11'],
] as const;

/** Until the condition of a shell holds, 30 s at most. */
function awaits(condition: string): string {
  return `for i in $(seq 300); do ${condition} && break; sleep 0.1; done`;
}

/** Runs all commands in one shell, as a reader does, and gives what each printed. */
function run(steps: readonly Step[]): readonly string[] {
  const said = join(pair.directory, 'said');
  const lines = [
    'shopt -s expand_aliases',
    `alias xdpol="${program('main').join(' ')}"`,
    'python3 -m http.server 80 >/dev/null 2>&1 &',
    'python3 -m http.server 22 >/dev/null 2>&1 &',
    awaits('ss -Hltn "sport = :80" | grep -q . && ss -Hltn "sport = :22" | grep -q .'),
  ];
  for (const { command } of steps) {
    const inNamespaces = command.replaceAll('ip netns exec client', `ip netns exec ${pair.peer.namespace}`);
    const here = SLOWER.reduce((before, [shown, used]) => before.replaceAll(shown, used), inNamespaces);
    lines.push(`echo '${MARK}'`);
    if (!here.endsWith('&')) lines.push(here);
    // What stays has said all when it has said something.
    else lines.push(`${here.slice(0, -1)} >${said} 2>&1 &`, awaits(`[ -s ${said} ]`), `cat ${said}`);
  }
  lines.push(`echo '${MARK}'`, 'kill $(jobs -p)');
  const script = join(pair.directory, 'session.sh');
  writeFileSync(script, `exec 2>&1\n${lines.join('\n')}\n`);
  const { stdout } = pair.run(pair.host, ['timeout', '-k', '5', '160', 'bash', script]);
  return stdout.split(`${MARK}\n`).slice(1);
}

test.each([
  ['README.md', 'xdpol apply'],
  ['docs/policy.md', 'xdpol explain'],
  ['docs/safe-changes.md', '--confirm'],
])('%s: the session prints what it shows', (page, text) => {
  const steps = sessionWith(page, text);
  expect(steps.length).toBeGreaterThan(0);
  const printed = run(steps);
  expect(steps.map(({ command }, i) => `# ${command}\n${masked(printed[i] ?? '')}`).join('\n')).toBe(
    steps.map(({ command, output }) => `# ${command}\n${masked(output)}`).join('\n'),
  );
});
