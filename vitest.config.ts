import { defineConfig } from 'vitest/config';

/** Kernel tests share pins, links and CPUs: files run one after another, tests within a file in order. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'native/test/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    dangerouslyIgnoreUnhandledErrors: false,
    passWithNoTests: false,
    allowOnly: false,
  },
});
