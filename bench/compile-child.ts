/** Compiles and loads one policy, once and cold, as the agent does; prints a CompileFigure. */
import { present } from '../src/base/assert.ts';
import { UnderTest } from '../src/measure/under-test.ts';
import { compiledPolicy, POLICIES } from './policies.ts';
import type { CompileFigure } from './report.ts';

const name = present(process.argv[2], 'a policy name');
const { policy } = present(POLICIES[name], `no policy ${name}`)();
const residentBefore = process.memoryUsage().rss;
const started = performance.now();
const compiled = compiledPolicy(policy, () => performance.now());
const milliseconds = performance.now() - started;
const residentPeak = process.resourceUsage().maxRSS * 1024;

const loadStarted = performance.now();
using underTest = new UnderTest(compiled);
const load = performance.now() - loadStarted;
const { statistics } = compiled;
const figure: CompileFigure = {
  policy: name,
  milliseconds,
  passes: statistics.milliseconds,
  load,
  tableBytes: [...underTest.filled.tables.bytes.values()].reduce((sum, bytes) => sum + bytes, 0),
  residentBefore,
  residentPeak,
  instructions: underTest.program.insnCount,
  verified: underTest.program.verifiedInsns,
  directedFilters: statistics.directedFilters,
  modes: [statistics.mode4, statistics.mode6],
};
process.stdout.write(JSON.stringify(figure));
