/** Dynamic rules: in force when the operation returns, beside what is assigned, in no stored policy, gone with the agent. */
import { EnvironmentError } from '../base/environment-error.ts';
import { messageOf } from '../base/message-of.ts';
import { readAttachments } from '../engine/survey.ts';
import type { RuleChange } from '../formats/ipsecpol/command.ts';
import { pidOf, sharesNetwork } from '../store/process-name.ts';
import type { DynamicRule, DynamicRules, PolicyStore } from '../store/store.ts';
import { requireHostConfig } from './config.ts';
import type { HostContext } from './context.ts';
import { endFiltering } from './end-filtering.ts';
import { changeTo, findIntendedPolicy } from './intended-policy.ts';
import { interfaceGroup } from './interface-groups.ts';
import { presentInterfaces } from './interfaces.ts';
import { isFilteredForRulesAlone, namesOf, readOverlay } from './overlay.ts';
import type { InForce } from './put-in-force.ts';
import { putInForce } from './put-in-force.ts';

export interface DynamicOutcome {
  /** What was done to each rule, a sentence each. */
  readonly changes: readonly string[];
  /** Names of all dynamic rules now. */
  readonly rules: readonly string[];
  /** The process that they end with. */
  readonly agent: number;
  /** null where no rule is left and no policy is assigned, so that nothing is filtered any more. */
  readonly inForce: { readonly policy: string; readonly generation: number } | null;
  /** That are filtered, or no longer. */
  readonly interfaces: readonly string[];
  readonly notes: readonly string[];
}

interface ChangedRules {
  readonly rules: readonly DynamicRule[];
  /** For the user, once they are in force. */
  readonly changes: readonly string[];
}

export async function changeDynamicRules(context: HostContext, change: RuleChange): Promise<DynamicOutcome> {
  const { store } = context;
  using _lock = store.lock();
  const overlay = readOverlay(store);
  const agent = requireAgent(store, overlay.agent);
  const changed = change.kind === 'add' ? add(change, overlay.rules, store) : takeBack(change.rules, overlay.rules);
  const { rules, changes } = changed;
  const outcome = { changes, rules: rules.map(({ rule }) => rule), agent: pidOf(agent) };
  if (rules.length === 0 && isFilteredForRulesAlone(store, readAttachments())) {
    const { interfaces, notes, failures } = endFiltering(store);
    return { ...outcome, inForce: null, interfaces, notes: [...notes, ...failures] };
  }
  const { policy, generation, interfaces, notes } = await putRulesInForce(
    context,
    { agent, rules },
    change.kind === 'add',
  );
  return { ...outcome, inForce: { policy, generation }, interfaces, notes };
}

function requireAgent(store: PolicyStore, agent: string | undefined): string {
  if (agent === undefined) {
    throw new EnvironmentError('XDPOL_E_NO_AGENT', 'dynamic rules last as long as the agent, and none is running', {
      help: 'start it: systemctl start xdpol-agent, or xdpol agent &; or store the rule: add -w REG -p NAME',
    });
  }
  if (sharesNetwork(agent)) return agent;
  throw new EnvironmentError(
    'XDPOL_E_OTHER_NETWORK',
    `the agent of ${store.directory} (process ${pidOf(agent)}) is in another network namespace`,
    { help: 'run this command there, or give this namespace a store of its own (XDPOL_STATE_DIR) and an agent' },
  );
}

function add(
  { rule, rules, group }: Extract<RuleChange, { kind: 'add' }>,
  before: readonly DynamicRule[],
  store: PolicyStore,
): ChangedRules {
  const interfaces = group === undefined ? null : interfaceGroup(store.directory, group);
  const others = before.filter((other) => other.rule !== rule);
  const done = others.length < before.length ? 'replaced' : 'added';
  const filters = rules.map(
    ({ action, specs }) => `${action}, ${specs.length} ${specs.length === 1 ? 'filter' : 'filters'}`,
  );
  return {
    rules: [...others, { rule, rules, interfaces }],
    changes: [`dynamic rule "${rule}" ${done}: ${filters.join('; ')}`],
  };
}

function takeBack(given: readonly string[], before: readonly DynamicRule[]): ChangedRules {
  const isThere = (name: string): boolean => before.some(({ rule }) => rule === name);
  // status and counters show the names that rules are counted by.
  const names = given.map((name) => (isThere(name) ? name : name.replace(/ \(dynamic(?: \d+)?\)$/u, '')));
  const missing = names.filter((name) => !isThere(name));
  if (missing.length > 0) {
    throw new EnvironmentError('XDPOL_E_NO_DYNAMIC_RULE', `there is no dynamic rule "${missing.join('", "')}"`, {
      help: `dynamic are: ${namesOf(before) || 'none'}; a stored rule is deleted with -w REG -p NAME -r RULE -o`,
    });
  }
  const rules = before.filter(({ rule }) => !names.includes(rule));
  return { rules, changes: [...new Set(names)].map((name) => `dynamic rule "${name}" taken back`) };
}

/** Compiled before they are written, written before they are in force; where they cannot be, the file is as it was. */
async function putRulesInForce(context: HostContext, after: DynamicRules, isAdded: boolean): Promise<InForce> {
  const { store } = context;
  const intended = await findIntendedPolicy(store);
  const devices = await presentInterfaces(intended.interfaces);
  if (devices.length === 0) {
    const message = `no interface of ${intended.policy} is there: ${intended.interfaces.join(', ')}`;
    throw new EnvironmentError('XDPOL_E_NO_INTERFACE', message, { help: 'see: ip link; xdpol status' });
  }
  const change = changeTo(intended, devices, after.rules);
  const { ingressOnly } = change.attaching;
  // What is taken back is never refused.
  const protect = isAdded ? { filters: requireHostConfig().protect, ingressOnly } : undefined;
  return await putInForce(context, {
    ...change,
    policy: { ...change.policy, names: isAdded ? 'completed' : 'remembered', protect },
    write: () => {
      const before = store.dynamic.read();
      writeRules(store, after);
      return () => writeBack(context, before);
    },
  });
}

/** What failed first is what is thrown. */
function writeBack({ store, report }: HostContext, before: DynamicRules | undefined): void {
  try {
    writeRules(store, before);
  } catch (error) {
    const why = messageOf(error);
    report({ kind: 'warning', text: `the rules as they were could not be written: ${why}` });
  }
}

function writeRules({ dynamic }: PolicyStore, rules: DynamicRules | undefined): void {
  if (rules === undefined || rules.rules.length === 0) dynamic.remove();
  else dynamic.write(rules);
}
