/** What ipsecpol prints of what it did. */
import type { DynamicOutcome } from '../../host/change-dynamic-rules.ts';
import type { StoredChangeOutcome } from '../../host/change-stored-policy.ts';
import { pendingLine } from './pending.ts';

export function dynamicLines({ changes, rules, agent, inForce, interfaces }: DynamicOutcome): readonly string[] {
  const where = interfaces.join(', ');
  if (inForce === null) return [...changes, `none is left, no policy is assigned: no longer filtered: ${where}`];
  const lines = [...changes, `${inForce.policy}: in force, generation ${inForce.generation}, on ${where}`];
  const names = rules.join(', ');
  return rules.length === 0 ? lines : [...lines, `dynamic until the agent (process ${agent}) stops: ${names}`];
}

export function storedLines({ policy, result }: StoredChangeOutcome): readonly string[] {
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
