/** `ipsecpol show`: what is stored and what is in force, as the commands that would make it. */
import type { Diagnostic } from '../base/diagnostics.ts';
import { Diagnostics } from '../base/diagnostics.ts';
import { PolicyRejected } from '../base/policy-rejected.ts';
import type { ShowCommand } from '../formats/ipsecpol/command.ts';
import { printIpsecpol, shellWord } from '../formats/ipsecpol/print.ts';
import { storedFiles } from '../formats/named-file.ts';
import { openContext } from '../host/context.ts';
import type { DynamicRule } from '../store/store.ts';
import { reachHost, worksElsewhere } from './reach-host.ts';
import { readArgument } from './read-policy.ts';
import { plainDiagnostic } from './render/json.ts';
import { print, printDiagnostics, printJson, showEvents } from './render/terminal.ts';

/** The dynamic rules of this host. */
export function openStoredRules(): readonly DynamicRule[] {
  return openContext(showEvents()).store.dynamic.read()?.rules ?? [];
}

interface ShownPolicy {
  readonly name: string;
  readonly commands: readonly string[];
  /** What the commands cannot say. */
  readonly diagnostics: readonly Diagnostic[];
}

interface ShownRule {
  readonly rule: string;
  /** None where the rule is another host's, which does not say its filters. */
  readonly commands: readonly string[];
}

export async function showForIpsecpol(what: ShowCommand['what'], isJson: boolean): Promise<void> {
  const host = reachHost();
  const assigned = (await host.assignment())?.policy;
  const names = what === 'filters' ? (assigned === undefined ? [] : [assigned]) : await storedNames();
  const policies: ShownPolicy[] = [];
  for (const name of names) policies.push(await showPolicy(name));
  const dynamic = what === 'policies' ? [] : await dynamicRules();
  for (const { diagnostics } of policies) printDiagnostics(diagnostics);
  if (isJson) {
    const plain = policies.map((one) => ({ ...one, diagnostics: one.diagnostics.map(plainDiagnostic) }));
    printJson({ assigned: assigned ?? null, policies: plain, dynamic });
    return;
  }
  for (const command of policies.flatMap(({ commands }) => commands)) print(command);
  if (what !== 'filters') print(assigned === undefined ? '# no policy is assigned' : `# assigned: "${assigned}"`);
  for (const { rule, commands } of dynamic) {
    if (commands.length === 0) print(`# dynamic rule, which is shown on that host alone: "${rule}"`);
    for (const command of commands) print(command);
  }
}

async function dynamicRules(): Promise<readonly ShownRule[]> {
  if (!worksElsewhere()) return openStoredRules().map((rule) => ({ rule: rule.rule, commands: commandsOf(rule) }));
  const { rules } = (await reachHost().status()).dynamic;
  return rules.map(({ name }) => ({ rule: name, commands: [] }));
}

async function storedNames(): Promise<readonly string[]> {
  return (await reachHost().list()).policies.map(({ name }) => name);
}

async function showPolicy(name: string): Promise<ShownPolicy> {
  const { text, setFiles } = await reachHost().readStored(name);
  const { policy, diags } = readArgument({ file: name, text, readSetFile: storedFiles(setFiles) });
  if (policy === undefined) throw new PolicyRejected(diags.all);
  const unsaid = new Diagnostics();
  return { name, commands: [...printIpsecpol(policy, unsaid)], diagnostics: unsaid.all };
}

function commandsOf({ rule, rules }: DynamicRule): readonly string[] {
  return rules.map(({ action, specs }) => {
    const words = ['-r', rule, ...specs.flatMap((spec) => ['-f', spec]), '-n', action === 'permit' ? 'PASS' : 'BLOCK'];
    return ['ipsecpol', ...words].map(shellWord).join(' ');
  });
}
