/** Dynamic rules: in force when the command returns, beside what is assigned, in no stored policy, gone with the agent. */
import { EnvironmentError } from '../base/environment-error.ts';
import { readAttachments } from '../engine/attachment.ts';
import type { RuleChange } from '../formats/ipsecpol/command.ts';
import { pidOf, sharesNetwork } from '../store/process-name.ts';
import type { DynamicRule, DynamicRules, PolicyStore } from '../store/store.ts';
import { endFiltering } from './end-filtering.ts';
import { presentInterfaces } from './host.ts';
import { interfaceGroup } from './interface-groups.ts';
import { print, warn } from './output.ts';
import { filteredForRulesAlone, namesOf, readOverlay, untilAgentStops } from './overlay.ts';
import { requireRoot } from './privileges.ts';
import { openCache, swapIn } from './put-in-force.ts';
import { prepareStanding, standingPolicy } from './restore.ts';

export async function runDynamic(change: RuleChange, store: PolicyStore): Promise<void> {
  requireRoot('ipsecpol');
  using _lock = store.lock();
  const overlay = readOverlay(store);
  const agent = requireAgent(store, overlay.agent);
  const { rules, said } =
    change.kind === 'add' ? adding(change, overlay.rules, store) : takingBack(change.rules, overlay.rules);
  if (rules.length === 0 && filteredForRulesAlone(store, readAttachments())) {
    const { interfaces } = endFiltering(store);
    print(`${said.join('\n')}\nnone is left, no policy is assigned: no longer filtered: ${interfaces.join(', ')}`);
    return;
  }
  const { policy, generation, interfaces, notes } = await putRules(store, { agent, rules });
  for (const note of notes) warn(note);
  for (const line of said) print(line);
  print(`${policy}: in force, generation ${generation}, on ${interfaces.join(', ')}`);
  if (rules.length > 0) print(`dynamic ${untilAgentStops(agent)}: ${namesOf(rules)}`);
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
    {
      help: 'run this command there, or give this namespace a store of its own (XDPOL_STATE_DIR) and an agent',
    },
  );
}

interface ChangedRules {
  readonly rules: readonly DynamicRule[];
  /** For the user, once they are in force. */
  readonly said: readonly string[];
}

function adding(
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
    said: [`dynamic rule "${rule}" ${done}: ${filters.join('; ')}`],
  };
}

function takingBack(given: readonly string[], before: readonly DynamicRule[]): ChangedRules {
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
  return { rules, said: [...new Set(names)].map((name) => `dynamic rule "${name}" taken back`) };
}

interface PutRules {
  readonly policy: string;
  readonly generation: number;
  readonly interfaces: readonly string[];
  readonly notes: readonly string[];
}

/** Compiled before they are written, written before they are in force; where they cannot be, the file is as it was. */
async function putRules(store: PolicyStore, after: DynamicRules): Promise<PutRules> {
  const standing = await standingPolicy(store);
  const devices = await presentInterfaces(standing.interfaces);
  if (devices.length === 0) {
    throw new EnvironmentError(
      'XDPOL_E_NO_INTERFACE',
      `no interface of ${standing.policy} is there: ${standing.interfaces.join(', ')}`,
      {
        help: 'see: ip link; xdpol status',
      },
    );
  }
  const found = await prepareStanding(openCache(store), standing, devices, after.rules);
  const before = store.dynamic.read();
  write(store, after);
  try {
    const { generation, notes } = swapIn(found, devices, standing.attaching);
    return { policy: standing.policy, generation, interfaces: devices.map(({ name }) => name), notes };
  } catch (error) {
    takeBack(store, before);
    throw error;
  }
}

/** What failed first is what is reported. */
function takeBack(store: PolicyStore, before: DynamicRules | undefined): void {
  try {
    write(store, before);
  } catch (error) {
    warn(`the rules as they were could not be written: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function write({ dynamic }: PolicyStore, rules: DynamicRules | undefined): void {
  if (rules === undefined || rules.rules.length === 0) dynamic.remove();
  else dynamic.write(rules);
}
