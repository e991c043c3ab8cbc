/** What other packet filters have in common, as far as the bench needs it. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Why a policy is not measured with a peer; a row of the tables. */
export interface Cannot {
  readonly cannot: string;
}

export function isCannot<T extends object>(value: T | Cannot): value is Cannot {
  return 'cannot' in value;
}

/** A command and the Debian package that has it. */
export interface Tool {
  readonly command: string;
  readonly package: string;
}

/** Why the tools cannot be used, with the command that installs what is missing. */
export function missingTools(tools: readonly Tool[]): Cannot | undefined {
  const missing = tools.filter(({ command }) => !isInstalled(command));
  if (missing.length === 0) return undefined;
  const packages = [...new Set(missing.map((tool) => tool.package))].join(' ');
  return { cannot: `not installed: apt-get install ${packages}` };
}

function isInstalled(command: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Frames that a peer has decided since it was set up, by its own counters. */
export interface Counts {
  readonly dropped: number;
  readonly passed: number;
}

/** Seconds until a ban ends: longer than any measurement. */
export const DAY = 86_400;

/** Runs a command where the peer is set up; its standard output. Throws where the command fails or takes too long. */
export type Run = (argv: readonly string[], input?: string) => string;

/** A peer behind the stack: measured with live frames only. */
export interface StackPeer {
  readonly name: string;
  readonly tools: readonly Tool[];
  /** The commands that put the policy in force on the interfaces, or why that cannot be. */
  readonly express: (policy: StackPolicy) => Expression | Cannot;
}

export interface Expression {
  readonly commands: readonly (readonly [argv: readonly string[], input: string])[];
  readonly counts: (run: Run) => Counts;
  /** How the policy was said, where that is not obvious. */
  readonly note: string;
}

/** The policy in the parts that peers are written from. */
export type StackPolicy = PortsPolicy | ServerPolicy | AclPolicy;

/** Some TCP ports pass, everything else is dropped. */
export interface PortsPolicy {
  readonly form: 'ports';
  readonly ports: readonly number[];
}

/** The example: services of one server, mail from it, everything else to or from it dropped; and a block list. */
export interface ServerPolicy {
  readonly form: 'server';
  readonly server: string;
  readonly services: readonly number[];
  readonly mail: number;
  /** Prefixes that may not reach the server at all; empty: no such rule. */
  readonly listed: readonly string[];
  /** They are bans: single addresses that end, each by itself. */
  readonly end: boolean;
}

/** First match: the filters in order of specificity, the default last. */
export interface AclPolicy {
  readonly form: 'acl';
  readonly filters: readonly AclFilter[];
  readonly drops: boolean;
}

export interface AclFilter {
  readonly drops: boolean;
  /** Undefined: any. */
  readonly source: string | undefined;
  readonly destination: string | undefined;
  readonly protocol: number | undefined;
  /** lo and hi; undefined: any. */
  readonly sourcePorts: readonly [number, number] | undefined;
  readonly destinationPorts: readonly [number, number] | undefined;
}
