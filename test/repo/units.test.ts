/** The systemd units keep what they have of their sandbox: systemd itself says how much is left open. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { present } from '../../src/base/assert.ts';
import { unitsFor } from '../../src/cli/units.ts';

/** Exposure by `systemd-analyze security`, 0 to 10; without a sandbox they have 9.4 and 9.5. */
const LIMITS: ReadonlyMap<string, number> = new Map([
  ['xdpol-restore.service', 4.1],
  ['xdpol-agent.service', 3.1],
]);

test.each(unitsFor(['/bin/true'], '/var/lib/xdpol'))('$name', ({ name, text }) => {
  const directory = mkdtempSync(join(tmpdir(), 'xdpol-units-'));
  try {
    const path = join(directory, name);
    writeFileSync(path, text);
    const { stdout, stderr } = spawnSync('systemd-analyze', ['security', '--offline=true', '--no-pager', path], {
      encoding: 'utf8',
    });
    const exposure = /exposure level for \S+: (?<level>[\d.]+)/u.exec(stdout)?.groups?.['level'];
    expect({ exposure, stderr }).toEqual({ exposure: expect.any(String) as string, stderr: '' });
    expect(Number(exposure)).toBeLessThanOrEqual(present(LIMITS.get(name)));
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('the store can be written wherever it is', () => {
  const [, agent] = unitsFor(['/bin/true'], '/srv/a b');
  expect(agent?.text).toContain('ReadWritePaths="-/srv/a b"');
});
