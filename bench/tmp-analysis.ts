import { POLICIES, HOST } from './policies.ts';
import { findingsOf } from '../src/compiler/analysis/findings.ts';
import { universeOf } from '../src/compiler/analysis/universe.ts';
for (const name of process.argv.slice(2)) {
  const { policy } = POLICIES[name]!();
  const t0 = performance.now();
  universeOf(policy, HOST);
  const t1 = performance.now();
  const f = findingsOf(policy, HOST);
  const t2 = performance.now();
  console.log(name, 'universe', Math.round(t1 - t0), 'all', Math.round(t2 - t1), 'crossings', f.crossings.length, 'adjacent', f.crossings.filter(c=>c.adjacent).length, 'dead', f.shadowed.length, 'ident', f.identical.length, 'holes', f.mirrorHoles.length);
}
