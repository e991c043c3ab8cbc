/**
 * Frames through a veth pair on one CPU, generator included, all of them dropped by the program at
 * the other end. Runs in a network namespace of its own, which ends with the process. Prints a LiveFigure.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { interfaceIndex } from 'libbpf-ts-bindings';
import { present } from '../src/base/assert.ts';
import { Generator } from '../src/measure/generator.ts';
import { spreadOf } from '../src/measure/statistics.ts';
import { UnderTest } from '../src/measure/under-test.ts';
import { compiledPolicy, POLICIES } from './policies.ts';
import type { LiveFigure } from './report.ts';

const SENDER = 'bench-out';
const RECEIVER = 'bench-in';
const SEED = 42;
/** All of it must be dropped: what passes would measure the stack. */
const TRAFFIC = 'default-blocked';

function ip(...args: readonly string[]): void {
  execFileSync('ip', args);
}

/** Frames that the receiver's XDP program has had: veth counts what its poll handed over. */
function received(): number {
  const line = present(
    readFileSync('/proc/self/net/dev', 'utf8')
      .split('\n')
      .find((l) => l.trim().startsWith(`${RECEIVER}:`)),
  );
  return Number(present(line.split(':')[1]).trim().split(/\s+/u)[1]);
}

const [name = '', cpu = '0', rounds = '5', frames = '1000000'] = process.argv.slice(2);
const bench = present(POLICIES[name], `no policy ${name}`)();
ip('link', 'add', SENDER, 'type', 'veth', 'peer', 'name', RECEIVER);
ip('link', 'set', SENDER, 'up');
ip('link', 'set', RECEIVER, 'up');

using underTest = new UnderTest(compiledPolicy(bench.policy));
using generator = new Generator(bench.family, Number(cpu), present(interfaceIndex(SENDER)));
generator.fill(present(bench.traffic.find((traffic) => traffic.name === TRAFFIC)), SEED);
const bare = generator.baseline('bare');
const xdpol = underTest.program;
using link = bare.attachXdp(present(interfaceIndex(RECEIVER)), 'native');

/** Million frames a second. */
function rate(): number {
  const before = received();
  const nanoseconds = generator.send(Number(frames));
  return ((received() - before) / nanoseconds) * 1000;
}

const rates = { bare: [] as number[], xdpol: [] as number[] };
rate();
for (let round = 0; round < Number(rounds); round++) {
  link.update(bare);
  rates.bare.push(rate());
  link.update(xdpol);
  rates.xdpol.push(rate());
}
const shares = rates.xdpol.map((value, i) => value / present(rates.bare[i]));
const figure: LiveFigure = {
  policy: name,
  traffic: TRAFFIC,
  bare: spreadOf(rates.bare),
  xdpol: spreadOf(rates.xdpol),
  share: spreadOf(shares),
};
process.stdout.write(JSON.stringify(figure));
