/** Measurements that need a process of their own: for its memory, or for its network namespace. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const OUTPUT_BYTES = 1 << 20;

/** What the script prints as JSON. `wrapper`: a command that the process is started by. */
export function childResult<T>(script: string, args: readonly string[], wrapper: readonly string[] = []): T {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const [command, ...rest] = [...wrapper, process.execPath, '--import', 'tsx', file, ...args];
  const stdio = ['ignore', 'pipe', 'inherit'] as const;
  const child = spawnSync(command ?? process.execPath, rest, { cwd: ROOT, stdio: [...stdio], maxBuffer: OUTPUT_BYTES });
  if (child.error !== undefined) throw child.error;
  if (child.status !== 0) throw new Error(`${script} ${args.join(' ')} ended with ${child.status ?? child.signal}`);
  return JSON.parse(child.stdout.toString()) as T;
}
