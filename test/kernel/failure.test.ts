/** What the kernel refuses, in words that say what to do. The kernel is the real one. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMap, loadObject } from 'libbpf-ts-bindings';
import { expect, test } from 'vitest';
import { EnvironmentError } from '../../src/base/environment-error.ts';
import { explainFailure } from '../../src/engine/failure.ts';

function explained(action: () => Disposable): EnvironmentError {
  try {
    action()[Symbol.dispose]();
  } catch (error) {
    const found = explainFailure(error);
    if (found instanceof EnvironmentError) return found;
    throw error;
  }
  throw new Error('nothing was refused');
}

/** Reads where the packet may have ended. */
const REFUSED = `#include <linux/bpf.h>
__attribute__((section("xdp"), used)) int peek(struct xdp_md *ctx) { return *(__u8 *)(long)ctx->data; }
char LICENSE[] __attribute__((section("license"), used)) = "GPL";
`;

test("a refused program: the verifier's log, last lines first", () => {
  const directory = mkdtempSync(join(tmpdir(), 'xdpol-refused-'));
  try {
    const [source, object] = [join(directory, 'peek.bpf.c'), join(directory, 'peek.bpf.o')];
    writeFileSync(source, REFUSED);
    const include = `-I/usr/include/${execFileSync('uname', ['-m'], { encoding: 'utf8' }).trim()}-linux-gnu`;
    execFileSync('clang', ['-O2', '-g', '-target', 'bpf', include, '-c', source, '-o', object], { stdio: 'pipe' });
    const { message, help } = explained(() => loadObject(object));
    const [first = '', ...log] = message.split('\n');
    expect(first).toContain("the kernel's verifier refused peek.bpf");
    expect(log[0]).toContain('processed');
    const at = (text: string): number => log.findIndex((line) => line.includes(text));
    expect(at('invalid access to packet')).toBeGreaterThan(0);
    expect(at('invalid access to packet')).toBeLessThan(at('r0 = *(u8 *)'));
    expect(log.length).toBeLessThanOrEqual(12);
    expect(help).toContain('Linux');
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('a table that the kernel has no room for', () => {
  const huge = { name: 'huge', type: 'array', keySize: 4, valueSize: 1 << 30, maxEntries: 1 << 24 } as const;
  const { message, help } = explained(() => createMap(huge));
  expect(message).toContain('the kernel has no room for huge');
  expect(help).toContain('ulimit -l');
});
