/**
 * The verifier refuses a program whose deepest chain of calls takes more than 512 bytes of stack. Which chains it walks depends on
 * the policy, and kernels before 6.13 count more for each frame than the one of the tests: so every chain is counted here as they do.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { deepestChains } from '../support/bpf-stack.ts';

const STACK_BYTES = 512;
const OBJECTS = fileURLToPath(new URL('../../dist/bpf', import.meta.url));

for (const object of readdirSync(OBJECTS).filter((name) => name.endsWith('.bpf.o'))) {
  test(`every chain of calls of ${object} fits the stack`, () => {
    const chains = deepestChains(join(OBJECTS, object));
    expect(chains.size).toBeGreaterThan(0);
    expect([...chains].filter(([, { bytes }]) => bytes > STACK_BYTES)).toEqual([]);
  });
}

test('the deepest is the one of two members of live sets, whose policy has sets of ranks', () => {
  const { chain } = deepestChains(join(OBJECTS, 'xdpol.bpf.o')).get('xdpol_egress') ?? {};
  expect(chain).toMatch(/^xdpol_egress > value.*_of_members > .* > common_value > first_in_group$/u);
});
