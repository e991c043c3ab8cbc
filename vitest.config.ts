import type { ViteUserConfig } from 'vitest/config';
import type { TestSpecification } from 'vitest/node';
import { BaseSequencer } from 'vitest/node';

/** What a contributor runs all the time: no root, nothing of its own in the kernel. Files run side by side. */
const UNIT = ['test/unit/**', 'test/repo/**', 'test/golden/**', 'test/bench/{choice,writers}'];
/** What needs no root either, and takes long: properties of many runs, fuzzing, programs that are built or started. */
const DEEP = [
  'test/unit/**/*.property',
  'test/fuzz/**',
  'test/unit/cli/{fmt-import,json,strict-clean}',
  'test/unit/compiler/class-limit',
  'test/unit/engine/object',
  'test/repo/{bundle,man-pages,release}',
];
/** Packets through loaded programs, and the bindings. Each program is of its own test: files run side by side. */
const KERNEL = ['test/kernel/**', 'test/dataplane/**', 'native/test/**', 'test/bench/{peers,parts}'];
/** Network namespaces, real traffic, whole processes. They mostly wait, each in namespaces of its own. */
const SYSTEM = ['test/system/**'];
/** Of these, what compares times of the kernel's clock or of packets: one after another. */
const TIMED = ['test/kernel/jiffies', 'test/bench/generator', 'test/system/gate'];
/** The web console in Debian's chromium, inside a network namespace. */
const BROWSER = ['test/browser/**'];

/** Files that take long whatever their size: begun last, they would run alone at the end. */
const EARLY = /\/(?:unit-capabilities|both-ways|verbs-golden|package|roles|peers|remote|fleet-follow)\.test\.ts$/u;

/** Long files first, then project by project: a worker goes on with the modules that it has while the project is the same. */
class LongFilesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isEarly = ({ moduleId }: TestSpecification): boolean => EARLY.test(moduleId);
    const late = sorted.filter((file) => !isEarly(file));
    const projects = new Map(
      late.map(({ project }) => [project.name, late.filter((file) => file.project === project)]),
    );
    return [...sorted.filter(isEarly), ...[...projects.values()].flat()];
  }
}

function testsIn(names: readonly string[]): string[] {
  return names.map((name) => `${name}${name.endsWith('**') ? '/*' : ''}.test.ts`);
}

const config: ViteUserConfig = {
  test: {
    isolate: false,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    passWithNoTests: false,
    allowOnly: false,
    globalSetup: './test/support/build.ts',
    sequence: { sequencer: LongFilesFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: testsIn(UNIT),
          exclude: testsIn(DEEP),
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      { extends: true, test: { name: 'deep', include: testsIn(DEEP), maxWorkers: 4, sequence: { groupOrder: 1 } } },
      {
        extends: true,
        test: {
          name: 'kernel',
          include: testsIn(KERNEL),
          exclude: testsIn(TIMED),
          maxWorkers: 4,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'system',
          include: testsIn(SYSTEM),
          exclude: testsIn(TIMED),
          maxWorkers: 4,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: { name: 'timed', include: testsIn(TIMED), fileParallelism: false, sequence: { groupOrder: 2 } },
      },
      {
        extends: true,
        test: { name: 'browser', include: testsIn(BROWSER), maxWorkers: 2, sequence: { groupOrder: 3 } },
      },
    ],
  },
};

export default config;
