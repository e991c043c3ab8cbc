/**
 * `npm run fuzz -- --inputs 1000000`: noise and mutated valid inputs into every reader. Inputs that make one throw, hang
 * or crash are saved to build/fuzz and named with what to run to see it again; then the exit code is 1.
 */
import { parseArgs } from 'node:util';
import { fuzz } from './harness.ts';
import type { Target } from './inputs.ts';
import { inputOf, TARGETS } from './inputs.ts';
import { runInput } from './targets.ts';

const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '20010200' },
    workers: { type: 'string', default: '2' },
    'limit-ms': { type: 'string', default: '2000' },
    target: { type: 'string', multiple: true },
    /** One input, in this thread, with its exception. */
    index: { type: 'string' },
  },
});
const seed = Number(values.seed);
const targets: readonly Target[] = TARGETS.filter(
  (name) => values.target === undefined || values.target.includes(name),
);

function line(text: string): void {
  process.stdout.write(`${text}\n`);
}

if (values.index !== undefined) {
  const input = inputOf(seed, Number(values.index), targets);
  line(`${input.target}: ${JSON.stringify(new TextDecoder().decode(input.bytes))}`);
  line(`taken: ${await runInput(input)}`);
} else {
  const started = Date.now();
  const inputs = Number(values.inputs);
  const onProgress = (done: number): void => {
    if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${inputs} `);
  };
  const limit = Number(values['limit-ms']);
  const folder = new URL('../../build/fuzz/', import.meta.url).pathname;
  const report = await fuzz({ inputs, seed, workers: Number(values.workers), limit, targets, folder, onProgress });
  for (const target of targets) {
    line(
      `${target.padEnd(12)} ${String(report.ran.get(target) ?? 0).padStart(8)} inputs, ${report.taken.get(target) ?? 0} valid`,
    );
  }
  const total = [...report.ran.values()].reduce((sum, count) => sum + count, 0);
  line(
    `${total} inputs in ${((Date.now() - started) / 1000).toFixed(1)} s, seed ${seed}: ${report.failures.length} failures`,
  );
  for (const { kind, index, target, error, path } of report.failures) {
    line(`\n${kind} in ${target}, saved as ${path}; npm run fuzz -- --seed ${seed} --index ${index}\n${error}`);
  }
  if (report.failures.length > 0 || total < inputs) process.exitCode = 1;
}
