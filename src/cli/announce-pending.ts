/**
 * Before every verb: what the kernel has taken back meanwhile is made permanent, and on a terminal the first line says
 * what waits to be confirmed.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isPrivileged } from '../host/privileges.ts';
import { reachHost, worksElsewhere } from './reach-host.ts';
import { pendingLine } from './render/pending.ts';
import { warn, warnsOnTerminal } from './render/terminal.ts';

/** Without the bindings, which verbs that need no kernel do not load. */
function hasGatePins(): boolean {
  const root = join(process.env['XDPOL_BPFFS'] ?? '/sys/fs/bpf', 'xdpol');
  try {
    return readdirSync(root, { recursive: true, encoding: 'utf8' }).some((path) => /\/gate-[^/]*$/u.test(path));
  } catch {
    return false;
  }
}

/** These work without the kernel, and load nothing of it where there is no reason to. */
const PURE: ReadonlySet<string> = new Set(['check', 'explain', 'compile', 'fmt', 'import', 'list', 'show', 'history']);

function isSilent(verb: string): boolean {
  return !isPrivileged() || (PURE.has(verb) && !hasGatePins());
}

/** `status` shows it itself. Another host is always asked, so that a host which does not answer is reported before anything is changed. */
export async function announcePending(verb: string): Promise<void> {
  if (!worksElsewhere() && isSilent(verb)) return;
  const { pending, settled } = await reachHost().pending();
  if (settled !== null) warn(`note: ${settled}`);
  if (pending !== null && verb !== 'status' && warnsOnTerminal()) warn(pendingLine(pending));
}
