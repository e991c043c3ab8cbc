/**
 * One change of what is in force, by the engine alone, as a process of its own that a test can kill:
 *   change.ts apply POLICY SECONDS DEVICE...   SECONDS 0: nothing to confirm
 *   change.ts confirm | return | read
 * Prints a line of JSON once the change is made, and then stays until it is killed or its input ends.
 */
import { readFileSync } from 'node:fs';
import { interfaces } from 'libbpf-ts-bindings';
import { present } from '../../src/base/assert.ts';
import { Diagnostics } from '../../src/base/diagnostics.ts';
import { compile } from '../../src/compiler/compile.ts';
import type { ApplyOutcome } from '../../src/engine/apply.ts';
import { applyPolicy } from '../../src/engine/apply.ts';
import { JiffiesClock } from '../../src/engine/jiffies.ts';
import { confirmPending, readPending, returnToPrevious, setDeadline } from '../../src/engine/pending.ts';
import { newestGeneration, readAttachments } from '../../src/engine/survey.ts';
import { readPolicy } from '../../src/formats/yaml/policy-reader.ts';

function apply(file: string, seconds: number, names: readonly string[]): ApplyOutcome & { readonly deadline: number } {
  const diags = new Diagnostics();
  const text = readFileSync(file, 'utf8');
  const policy = present(readPolicy({ file, text, readSetFile: () => ({ error: 'none' }) }, diags), file);
  const targets = names.map((interfaceName) => ({
    device: present(
      interfaces().find(({ name }) => name === interfaceName),
      interfaceName,
    ),
    compiled: present(compile(policy, { me: [], broadcasts: [], names: new Map() }, diags, { interfaceName })),
  }));
  const request = { targets, hash: file, mode: 'auto', now: new Date() } as const;
  if (seconds === 0) return { ...applyPolicy(request), deadline: 0 };
  using clock = new JiffiesClock();
  const deadline = (): bigint => clock.now() + BigInt(Math.round(seconds * clock.hertz));
  const outcome = applyPolicy({ ...request, confirm: { deadline: deadline(), seconds }, details: { file } });
  const renewed = deadline();
  setDeadline(renewed);
  return { ...outcome, deadline: Number(renewed) };
}

function change(verb: string | undefined, [file = '', seconds = '0', ...names]: readonly string[]): unknown {
  switch (verb) {
    case 'apply':
      return apply(file, Number(seconds), names);
    case 'confirm':
      return confirmPending();
    case 'return':
      return returnToPrevious();
    default: {
      const pending = readPending();
      const waits = pending === undefined ? null : { ...pending, deadline: Number(pending.deadline) };
      return { pending: waits, inForce: newestGeneration(readAttachments())?.policy ?? null };
    }
  }
}

const [verb, ...args] = process.argv.slice(2);
process.stdout.write(`${JSON.stringify(change(verb, args) ?? {})}\n`);
process.stdin.resume();
