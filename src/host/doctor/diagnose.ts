/** `doctor`: everything that would make attaching fail or filtering leak, each with what mends it. */
import { execFileSync } from 'node:child_process';
import { interfaces } from 'libbpf-ts-bindings';
import { EnvironmentError } from '../../base/environment-error.ts';
import { readAttachments } from '../../engine/survey.ts';
import { matchesInterface } from '../../policy/interface-pattern.ts';
import { PolicyStore } from '../../store/store.ts';
import { readHostConfig } from '../config.ts';
import type { HostContext } from '../context.ts';
import { interfacesMeantBy } from '../interfaces.ts';
import { noInterface } from '../unknown-interface.ts';
import { examineHost, examineInterface } from './examine.ts';
import type { Finding } from './finding.ts';
import { gatherHost } from './gather-host.ts';
import { gatherInterfaces } from './gather-interfaces.ts';
import { HOST_CHECKS } from './host-checks.ts';
import { INTERFACE_CHECKS } from './interface-checks.ts';

export interface DoctorRequest {
  /** Names and patterns; else those that are filtered, assigned or configured, else every Ethernet interface that is up. */
  readonly interfaces?: readonly string[] | undefined;
}

export interface DoctorFinding extends Finding {
  /** Where it was to be mended: what became of the remedy. */
  readonly outcome?: { readonly mended: true } | { readonly mended: false; readonly reason: string };
}

export interface DoctorOutcome {
  /** That were looked at. */
  readonly interfaces: readonly string[];
  /** How many checks were run. */
  readonly checks: number;
  readonly findings: readonly DoctorFinding[];
}

/** Milliseconds that a remedy may take. */
const REMEDY_TIMEOUT = 10_000;

export function diagnose(context: HostContext, { interfaces: given }: DoctorRequest): DoctorOutcome {
  // Damage is reported as a finding.
  const store = new PolicyStore(context.store.directory, { report: () => undefined });
  const filtered = unlessUnreadable(() => readAttachments().map(({ name }) => name)) ?? [];
  const wanted = unlessUnreadable(() => store.assignment()?.interfaces) ?? [];
  const assigned = interfacesMeantBy(wanted, interfaces());
  const names = chooseInterfaces(given, [...filtered, ...assigned]);
  const findings = [
    ...examineHost(gatherHost({ ...context, store })),
    ...gatherInterfaces(names, [...new Set([...filtered, ...assigned])]).flatMap(examineInterface),
  ];
  const checks = Object.keys(HOST_CHECKS).length + names.length * Object.keys(INTERFACE_CHECKS).length;
  return { interfaces: names, checks, findings };
}

/** Runs the remedies that cannot break anything. */
export function mendFindings(context: HostContext, request: DoctorRequest): DoctorOutcome {
  const outcome = diagnose(context, request);
  return { ...outcome, findings: outcome.findings.map(mend) };
}

/** What cannot be read is a finding of its own check. */
function unlessUnreadable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof EnvironmentError || (error as NodeJS.ErrnoException).code !== undefined) return undefined;
    throw error;
  }
}

function chooseInterfaces(given: readonly string[] | undefined, usual: readonly string[]): readonly string[] {
  const all = interfaces();
  const matching = (patterns: readonly string[]): readonly string[] =>
    all.map(({ name }) => name).filter((name) => patterns.some((pattern) => matchesInterface(pattern, name)));
  if (given !== undefined) {
    const unknown = given.find((pattern) => matching([pattern]).length === 0);
    if (unknown === undefined) return matching(given);
    throw noInterface(
      unknown,
      all.map(({ name }) => name),
      { takesPatterns: true },
    );
  }
  const configured = readHostConfig().config.interfaces;
  const chosen = matching([...usual, ...configured]);
  return chosen.length > 0
    ? chosen
    : all.filter(({ name, mac, up }) => up && name !== 'lo' && mac !== '').map(({ name }) => name);
}

function mend(finding: Finding): DoctorFinding {
  const { remedy } = finding;
  if (remedy?.isSafe !== true) return finding;
  const [command = '', ...args] = remedy.command;
  try {
    execFileSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8', timeout: REMEDY_TIMEOUT });
    return { ...finding, outcome: { mended: true } };
  } catch (error) {
    const { stderr = '', code } = error as { readonly stderr?: string; readonly code?: string };
    const reason =
      stderr.trim().split('\n').at(-1) || (code === 'ENOENT' ? `${command} is not installed` : String(code));
    return { ...finding, outcome: { mended: false, reason } };
  }
}
