/** What docs/fleet.md tells operators to do, as it is written there. */
import { readFileSync } from 'node:fs';
import { present } from '../../src/base/assert.ts';

function section(start: string): string {
  const page = readFileSync(new URL('../../docs/fleet.md', import.meta.url), 'utf8');
  return present(page.split(/^## /mu).find((part) => part.startsWith(start)));
}

/** Of xdpol, and of what goes with it, in code blocks and in numbered steps. */
export function commandsOf(start: string): readonly string[] {
  const found = section(start).matchAll(/^(?:xdpol|tar) .*$|^\d\. .*?`(?<step>(?:mv|tar|xdpol) [^`]+)`/gmu);
  return [...found].map(([line, step]) => step ?? line);
}

/** Of etcdctl. */
export function etcdCommandsOf(start: string): readonly string[] {
  return [...section(start).matchAll(/^etcdctl .*$/gmu)].map(([line]) => line);
}
