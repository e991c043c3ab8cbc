import type { ViteUserConfig } from 'vitest/config';

/** Kernel tests share pins, links and CPUs: files run one after another, tests within a file in order. */
const config: ViteUserConfig = {
  test: {
    include: ['test/**/*.test.ts', 'native/test/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    passWithNoTests: false,
    allowOnly: false,
  },
};

export default config;
