import type { ViteUserConfig } from 'vitest/config';

/** What needs no root and nothing of its own in the kernel: files run side by side. */
const UNIT = ['test/unit/**', 'test/repo/**', 'test/golden/**', 'test/fuzz/**', 'test/bench/{choice,writers}'];
/** Packets through loaded programs, and the bindings. They share CPUs: one file after another. */
const KERNEL = ['test/kernel/**', 'test/dataplane/**', 'test/bench/{generator,peers}', 'native/test/**'];
/** Network namespaces, real traffic, whole processes. They mostly wait, each in namespaces of its own: two side by side. */
const SYSTEM = ['test/system/**'];
/** Of these, what compares times of the kernel's clock or of packets: one after another. */
const TIMED = ['test/system/{bench,gate}'];
/** The web console in Debian's chromium, inside a network namespace. */
const BROWSER = ['test/browser/**'];

function testsIn(folders: readonly string[]): string[] {
  return folders.map((folder) => `${folder}${folder.endsWith('**') ? '/*' : ''}.test.ts`);
}

const config: ViteUserConfig = {
  test: {
    testTimeout: 180_000,
    hookTimeout: 180_000,
    passWithNoTests: false,
    allowOnly: false,
    globalSetup: './test/support/build.ts',
    projects: [
      { extends: true, test: { name: 'unit', include: testsIn(UNIT), maxWorkers: 2, sequence: { groupOrder: 0 } } },
      {
        extends: true,
        test: { name: 'kernel', include: testsIn(KERNEL), fileParallelism: false, sequence: { groupOrder: 1 } },
      },
      {
        extends: true,
        test: {
          name: 'system',
          include: testsIn(SYSTEM),
          exclude: testsIn(TIMED),
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: { name: 'timed', include: testsIn(TIMED), fileParallelism: false, sequence: { groupOrder: 3 } },
      },
      {
        extends: true,
        test: { name: 'browser', include: testsIn(BROWSER), fileParallelism: false, sequence: { groupOrder: 4 } },
      },
    ],
  },
};

export default config;
