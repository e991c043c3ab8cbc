/** Long work on a terminal: a line tells how far it has come, and Ctrl-C ends it at once with nothing changed. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NamespacePair } from '../support/namespaces.ts';

/** What a shell says of a process that Ctrl-C has ended: 128 and the number of SIGINT. */
const INTERRUPTED = 130;
const CTRL_C = '\u0003';

let pair: NamespacePair;
let policy: string;
/** The same for one protocol: more than a second. */
let shorter: string;

beforeAll(() => {
  pair = new NamespacePair({ ipv6: false });
  policy = join(pair.directory, 'long.yaml');
  shorter = join(pair.directory, 'shorter.yaml');
  writeFileSync(policy, longPolicy(['tcp', 'udp', 'sctp']));
  writeFileSync(shorter, longPolicy(['tcp']));
});

afterAll(() => pair[Symbol.dispose]());

/** Port ranges of so many widths at both ends are as many directed filters as their square: seconds of work from a small file. */
function longPolicy(protocols: readonly string[]): string {
  const ranges: string[] = [];
  for (let i = 0, lo = 1; i < 340; lo += i + 2, i++) ranges.push(`${lo}-${lo + i}`);
  const ports = `[${ranges.join(', ')}]`;
  const filters = protocols.map(
    (protocol) =>
      `{ source: any, destination: any, protocol: ${protocol}, sourcePort: ${ports}, destinationPort: ${ports} }`,
  );
  return `name: long\nrules:\n  - { name: ports, action: block, filters: [${filters.join(', ')}] }\n`;
}

interface Ended {
  readonly status: number | null;
  readonly output: string;
}

/** Runs xdpol on a pseudo terminal and presses Ctrl-C when the line of progress is there. */
async function interrupted(line: RegExp, ...args: readonly string[]): Promise<Ended> {
  const command = pair.xdpol(...args).join(' ');
  const child = pair.spawn(pair.host, ['script', '--quiet', '--return', '--command', command, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  let isPressed = false;
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    if (isPressed || !line.test(output)) return;
    isPressed = true;
    child.stdin?.write(CTRL_C);
  });
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, output };
}

function inForce(): unknown {
  const { policy: name, assigned } = JSON.parse(pair.exec(pair.host, pair.xdpol('status', '--json'))) as {
    policy: string | null;
    assigned: unknown;
  };
  return { policy: name, assigned };
}

test('compile tells how far it has come, and Ctrl-C ends it', async () => {
  const { status, output } = await interrupted(/compiling long: \d+ %/u, 'compile', policy);
  expect(output).toMatch(/compiling long: \d+ %/u);
  expect(status).toBe(INTERRUPTED);
  expect(output).not.toContain('TABLE');
});

test('Ctrl-C while apply compiles leaves in force what was', async () => {
  const small = join(pair.directory, 'small.yaml');
  writeFileSync(small, 'name: small\nrules:\n  - { name: telnet, action: block, filters: ["*=0:23:TCP"] }\n');
  pair.exec(pair.host, pair.xdpol('apply', small, '-i', 'eth0'));
  const before = inForce();
  const { status, output } = await interrupted(/compiling long: \d+ %/u, 'apply', policy, '-i', 'eth0');
  expect(output).toMatch(/compiling long: \d+ %/u);
  expect(status).toBe(INTERRUPTED);
  expect(inForce()).toEqual(before);
  // What it held is free again.
  pair.exec(pair.host, pair.xdpol('apply', small, '-i', 'eth0'));
});

test('nothing is told where stderr is no terminal', () => {
  const { status, stderr } = pair.run(pair.host, pair.xdpol('check', shorter, '--me', '192.0.2.1'));
  expect(status).toBe(0);
  expect(stderr).not.toContain('analysing');
});
