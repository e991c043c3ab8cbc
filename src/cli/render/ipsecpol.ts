/** What ipsecpol prints of what it did, for people or as JSON. */
import type { DynamicOutcome } from '../../host/change-dynamic-rules.ts';
import type { StoredChangeOutcome } from '../../host/change-stored-policy.ts';
import { plainDiagnostic } from './json.ts';
import { pendingLine } from './pending.ts';
import { print, printJson, warn } from './terminal.ts';

function dynamicLines({ changes, rules, agent, inForce, interfaces }: DynamicOutcome): readonly string[] {
  const where = interfaces.join(', ');
  if (inForce === null) return [...changes, `none is left, no policy is assigned: no longer filtered: ${where}`];
  const lines = [...changes, `${inForce.policy}: in force, generation ${inForce.generation}, on ${where}`];
  const names = rules.join(', ');
  return rules.length === 0 ? lines : [...lines, `dynamic until the agent (process ${agent}) stops: ${names}`];
}

function storedLines({ policy, result }: StoredChangeOutcome): readonly string[] {
  switch (result.kind) {
    case 'in-force': {
      const { generation, interfaces, pending } = result.inForce;
      const line = `${policy}: in force, generation ${generation}, on ${interfaces.join(', ')}`;
      return pending === null ? [line] : [line, pendingLine(pending)];
    }
    case 'stored':
      return [`${policy}: stored, not in force; to assign it: ipsecpol -w REG -p "${policy}" -x`];
    case 'unchanged':
      return [`${policy}: already there, nothing changed`];
    case 'unassigned':
      return [unassignedLine(policy, result.interfaces)];
    case 'not-assigned': {
      const rest = result.assigned === null ? 'no policy is' : `"${result.assigned}" is, and stays`;
      return [`${policy}: was not assigned; ${rest}`];
    }
    case 'deleted': {
      const ended = result.interfaces === null ? [] : [unassignedLine(policy, result.interfaces)];
      return [...ended, `${policy}: deleted with its filter lists`];
    }
  }
}

function unassignedLine(policy: string, interfaces: readonly string[]): string {
  return `${policy}: unassigned, no longer filtered: ${interfaces.join(', ') || 'none'}`;
}

/** null: there was no dynamic rule to unload. */
export function printDynamic(outcome: DynamicOutcome | null, isJson: boolean): void {
  const nothing = { changes: [], rules: [], agent: null, inForce: null, interfaces: [], notes: [] };
  if (isJson) printJson(outcome ?? nothing);
  else if (outcome === null) print('there is no dynamic rule: nothing to unload');
  else {
    for (const note of outcome.notes) warn(note);
    for (const line of dynamicLines(outcome)) print(line);
  }
}

export function printStored(outcome: StoredChangeOutcome, isJson: boolean): void {
  if (isJson) {
    printJson({ ...outcome, result: plainResult(outcome.result) });
    return;
  }
  for (const note of outcome.notes) warn(note);
  for (const line of storedLines(outcome)) print(line);
}

function plainResult(result: StoredChangeOutcome['result']): unknown {
  if (result.kind !== 'in-force') return result;
  const { policy, hash, version, generation, interfaces, notes, pending, diagnostics } = result.inForce;
  const inForce = { policy, hash, version, generation, interfaces, notes, pending };
  return { kind: result.kind, inForce: { ...inForce, diagnostics: diagnostics.map(plainDiagnostic) } };
}
