/** What this process may do, by its capabilities: a user who is not root may have them, and root may lack some. */
import { accessSync, constants, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EnvironmentError } from '../base/environment-error.ts';

/** Their numbers in linux/capability.h. */
const BITS = { CAP_DAC_OVERRIDE: 1, CAP_SYS_ADMIN: 21 } as const;

type Capability = keyof typeof BITS;

const WHY_ADMIN = 'to load programs, and to open what is in force by its number';

/** A bit for each. */
function readEffective(): bigint {
  const line = /^CapEff:\s*(?<mask>[0-9a-f]+)$/mu.exec(readFileSync('/proc/self/status', 'latin1'));
  return BigInt(`0x${line?.groups?.['mask'] ?? '0'}`);
}

function has(capability: Capability, effective = readEffective()): boolean {
  return ((effective >> BigInt(BITS[capability])) & 1n) === 1n;
}

/** Can what is in force be read and changed? */
export function isPrivileged(): boolean {
  return findMissing().length === 0;
}

/** What is missing, each with what it is for. CAP_SYS_ADMIN stands for CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN too. */
function findMissing(): readonly string[] {
  const effective = readEffective();
  return [
    ...(has('CAP_SYS_ADMIN', effective) ? [] : [`CAP_SYS_ADMIN (${WHY_ADMIN})`]),
    ...(has('CAP_DAC_OVERRIDE', effective) || arePinsReadable()
      ? []
      : ['CAP_DAC_OVERRIDE (to read the pins of another user)']),
  ];
}

function arePinsReadable(): boolean {
  try {
    readdirSync(join(process.env['XDPOL_BPFFS'] ?? '/sys/fs/bpf', 'xdpol'));
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'EACCES';
  }
}

/**
 * `what`: the verb, or what a verb is about to do. For those that need more than the store: reported before anything is read
 * or written. Throws EnvironmentError with the names of what is missing.
 */
export function requireCapabilities(what: string): void {
  const names = findMissing();
  if (names.length > 0) throw lacks(what, names);
}

/** For a folder that a verb writes. */
export function requireWritable(what: string, path: string): void {
  if (has('CAP_DAC_OVERRIDE')) return;
  try {
    accessSync(path, constants.W_OK);
  } catch {
    throw lacks(what, [`CAP_DAC_OVERRIDE (to write ${path})`]);
  }
}

function lacks(what: string, names: readonly string[]): EnvironmentError {
  const message = `this process may not do this: ${what} needs ${names.join(' and ')}`;
  return new EnvironmentError('XDPOL_E_PRIVILEGES', message, { help: howToGrant() });
}

/** A capability of the file would be the interpreter's, and so every script's: so it is given to the process. */
function howToGrant(): string {
  if (process.geteuid?.() === 0) {
    return 'it is root with fewer capabilities: add them to its unit (CapabilityBoundingSet=) or container (--cap-add), or run the command outside';
  }
  return "run the same command with sudo, or give it these alone: sudo systemd-run --pty --uid=USER -p 'AmbientCapabilities=CAP_SYS_ADMIN CAP_DAC_OVERRIDE' COMMAND; where the agent runs, members of the group xdpol need neither";
}
