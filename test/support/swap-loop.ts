/**
 * A process that puts policies in force in turn:  swap-loop.ts DEVICE COUNT POLICY...
 * It is what a hasty operator does, without a process start for each.
 */

import { readFileSync } from 'node:fs';
import { interfaces } from 'libbpf-ts-bindings';
import { present } from '../../src/base/assert.ts';
import { Diagnostics } from '../../src/base/diagnostics.ts';
import { compile } from '../../src/compiler/compile.ts';
import { applyPolicy } from '../../src/engine/apply.ts';
import { readPolicy } from '../../src/formats/yaml/policy-reader.ts';
import { NO_ADDRESSES } from '../../src/policy/defaults.ts';

const [name = '', count = '0', ...files] = process.argv.slice(2);
const device = present(
  interfaces().find((one) => one.name === name),
  name,
);
const compiled = files.map((file) => {
  const diags = new Diagnostics();
  const text = readFileSync(file, 'utf8');
  const policy = readPolicy({ file, text, readSetFile: () => ({ error: 'none' }) }, diags);
  const host = NO_ADDRESSES;
  return present(
    compile(present(policy, diags.all.map((d) => d.message).join()), host, diags, { interfaceName: name }),
  );
});
for (let i = 0; i < Number(count); i++) {
  const target = present(compiled[i % compiled.length]);
  applyPolicy({ targets: [{ device, compiled: target }], hash: String(i), mode: 'native', now: new Date() });
}
