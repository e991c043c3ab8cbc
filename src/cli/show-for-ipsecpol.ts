/** `ipsecpol show`: what is stored and what is in force, as the commands that would make it. */
import { Diagnostics } from '../base/diagnostics.ts';
import { PolicyRejected } from '../base/policy-rejected.ts';
import type { ShowCommand } from '../formats/ipsecpol/command.ts';
import { printIpsecpol, shellWord } from '../formats/ipsecpol/print.ts';
import { storedFiles } from '../formats/named-file.ts';
import { openContext } from '../host/context.ts';
import type { DynamicRule } from '../store/store.ts';
import { reachHost, worksElsewhere } from './reach-host.ts';
import { readArgument } from './read-policy.ts';
import { print, printDiagnostics, showEvents } from './render/terminal.ts';

/** The dynamic rules of this host. */
export function openStoredRules(): readonly DynamicRule[] {
  return openContext(showEvents()).store.dynamic.read()?.rules ?? [];
}

export async function showForIpsecpol(what: ShowCommand['what']): Promise<void> {
  const host = reachHost();
  const assigned = (await host.assignment())?.policy;
  const names = what === 'filters' ? (assigned === undefined ? [] : [assigned]) : await storedNames();
  for (const name of names) await showPolicy(name);
  if (what !== 'filters') print(assigned === undefined ? '# no policy is assigned' : `# assigned: "${assigned}"`);
  if (what === 'policies') return;
  if (worksElsewhere()) {
    const { rules } = (await host.status()).dynamic;
    for (const { name, action } of rules)
      print(`# dynamic rule, which is shown on that host alone: "${name}", ${action}`);
    return;
  }
  for (const line of openStoredRules().flatMap(commandsOf)) print(line);
}

async function storedNames(): Promise<readonly string[]> {
  return (await reachHost().list()).policies.map(({ name }) => name);
}

async function showPolicy(name: string): Promise<void> {
  const { text, setFiles } = await reachHost().readStored(name);
  const { policy, diags } = readArgument({ file: name, text, readSetFile: storedFiles(setFiles) });
  if (policy === undefined) throw new PolicyRejected(diags.all);
  const unsaid = new Diagnostics();
  for (const command of printIpsecpol(policy, unsaid)) print(command);
  printDiagnostics(unsaid.all);
}

function commandsOf({ rule, rules }: DynamicRule): readonly string[] {
  return rules.map(({ action, specs }) => {
    const words = ['-r', rule, ...specs.flatMap((spec) => ['-f', spec]), '-n', action === 'permit' ? 'PASS' : 'BLOCK'];
    return ['ipsecpol', ...words].map(shellWord).join(' ');
  });
}
