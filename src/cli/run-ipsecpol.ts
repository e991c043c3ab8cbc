/** Carries out an ipsecpol command line. Each command is one durable step, in force when it returns. */
import { createInterface } from 'node:readline/promises';
import { Diagnostics } from '../base/diagnostics.ts';
import { EnvironmentError } from '../base/environment-error.ts';
import { removeUnusedPins } from '../engine/leftovers.ts';
import type { IpsecpolCommand, PolicyChange, StoredCommand } from '../formats/ipsecpol/command.ts';
import { readIpsecpol } from '../formats/ipsecpol/command.ts';
import type { TextEdit } from '../formats/ipsecpol/edit.ts';
import { editPolicyText, newPolicyText } from '../formats/ipsecpol/edit.ts';
import { IPSECPOL_USAGE } from '../formats/ipsecpol/usage.ts';
import { wordsOfArguments } from '../formats/ipsecpol/words.ts';
import { readPolicy } from '../formats/yaml/policy-reader.ts';
import type { PolicyText } from '../store/store.ts';
import { PolicyStore } from '../store/store.ts';
import { endFiltering } from './end-filtering.ts';
import { PolicyRejected, UsageError } from './exit.ts';
import { interfaceGroup } from './interface-groups.ts';
import { print, printDiagnostics, warn } from './output.ts';
import { endedNotes } from './overlay.ts';
import { requireRoot } from './privileges.ts';
import type { InForce } from './put-in-force.ts';
import { putInForce } from './put-in-force.ts';
import { lastAttaching, usualInterfaces } from './restore.ts';
import { runDynamic } from './run-dynamic.ts';

export async function runIpsecpol(words: readonly string[]): Promise<void> {
  const diags = new Diagnostics();
  const command = readIpsecpol(wordsOfArguments('ipsecpol', words), diags);
  printDiagnostics(diags.all);
  if (command === 'usage') {
    print(IPSECPOL_USAGE);
    return;
  }
  if (command === undefined) throw new UsageError('nothing was changed', 'ipsecpol -? explains the command line');
  if (command.machine !== undefined) {
    throw new EnvironmentError(
      'XDPOL_E_NO_FLEET',
      `\\\\${command.machine} is another host, and no fleet is configured`,
      {
        help: `run the command there: ssh ${command.machine || 'HOST'} ipsecpol ...`,
      },
    );
  }
  if (command.confirm) await askFor(command);
  const store = new PolicyStore();
  if (command.kind === 'dynamic') await runDynamic(command.change, store);
  else await new CommandRun(command, store).run();
}

async function askFor(command: IpsecpolCommand): Promise<void> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await new Promise<string>((resolve) => {
    // At the end of the input the prompt has no line of its own yet.
    terminal.once('close', () => resolve('\n'));
    void terminal.question(`${describe(command)}? [y/N] `).then(resolve, () => resolve(''));
  });
  terminal.close();
  if (answer === '\n') warn(answer);
  if (!/^y(?:es)?$/iu.test(answer.trim())) {
    throw new EnvironmentError('XDPOL_E_NOT_CONFIRMED', 'not confirmed: nothing was changed', {
      help: 'answer y, or leave out -confirm',
    });
  }
}

const DESCRIBED: Readonly<Record<PolicyChange['kind'], string>> = {
  none: '',
  add: 'add a rule to',
  'delete-rules': 'delete rules of',
  'delete-policy': 'delete',
};

function describe(command: IpsecpolCommand): string {
  if (command.kind === 'dynamic') {
    const { change } = command;
    const [verb, rules] = change.kind === 'add' ? ['add', [change.rule]] : ['take back', change.rules];
    return `${verb} dynamic rule "${rules.join('", "')}"`;
  }
  const { policy, change, assignment } = command;
  const steps = [DESCRIBED[change.kind], assignment ?? ''].filter((step) => step !== '');
  return `${steps.join(' and ') || 'make'} policy "${policy}"`;
}

interface EditedPolicy {
  readonly after: PolicyText;
  /** For the user, once it is stored. */
  readonly said: readonly string[];
}

class CommandRun {
  readonly #command: StoredCommand;
  readonly #store: PolicyStore;

  constructor(command: StoredCommand, store: PolicyStore) {
    this.#command = command;
    this.#store = store;
  }

  async run(): Promise<void> {
    const { policy, change, assignment } = this.#command;
    using _lock = this.#store.lock();
    if (change.kind === 'delete-policy') {
      this.#deletePolicy();
      return;
    }
    const before = this.#store.read(policy);
    if (
      before === undefined &&
      (change.kind === 'delete-rules' || (change.kind === 'none' && assignment !== undefined))
    ) {
      throw this.#notStored();
    }
    const isAssigned = this.#store.assignment()?.policy === policy;
    if (isAssigned || assignment === 'assign') requireRoot('ipsecpol');
    const edited = this.#edited(before);
    if (edited !== undefined) this.#store.write(policy, edited.after);
    for (const line of edited?.said ?? []) print(line);
    if (assignment === 'unassign') this.#unassign(isAssigned);
    else if (assignment === 'assign' || isAssigned) await this.#assign(isAssigned ? before : undefined);
    else if (edited === undefined) print(`${policy}: already there, nothing changed`);
    else print(`${policy}: stored, not in force; to assign it: ipsecpol -w REG -p "${policy}" -x`);
  }

  #notStored(): EnvironmentError {
    const known = this.#store.list();
    return new EnvironmentError('XDPOL_E_NOT_STORED', `there is no stored policy "${this.#command.policy}"`, {
      help: known.length === 0 ? 'none is stored; -r, -f and -n make one' : `stored are: ${known.join(', ')}`,
    });
  }

  /** The policy with the change made, read without errors; undefined where there is nothing to change. */
  #edited(before: PolicyText | undefined): EditedPolicy | undefined {
    const { policy } = this.#command;
    const text = before?.text ?? newPolicyText(policy);
    const edit = this.#edit();
    if (edit === undefined)
      return before === undefined ? { after: { text, setFiles: new Map() }, said: [] } : undefined;
    const edited = editPolicyText(text, edit);
    if (edited === undefined) {
      throw new EnvironmentError('XDPOL_E_NOT_EDITABLE', `the text of "${policy}" cannot be added to`, {
        help: `change it by hand: xdpol show "${policy}" > policy.yaml, then xdpol apply policy.yaml`,
      });
    }
    if (edit.kind === 'delete') this.#requireAll(edit.rules, edited.replaced);
    const after = { text: edited.text, setFiles: before?.setFiles ?? new Map<string, Uint8Array>() };
    checkText(policy, after);
    return { after, said: this.#told(edit, edited.replaced) };
  }

  #edit(): TextEdit | undefined {
    const { change } = this.#command;
    if (change.kind === 'delete-rules') return { kind: 'delete', rules: change.rules };
    if (change.kind !== 'add') return undefined;
    const { rule, rules, group } = change;
    const interfaces = group === undefined ? undefined : interfaceGroup(this.#store.directory, group);
    return { kind: 'add', rule, rules, interfaces };
  }

  #requireAll(wanted: readonly string[], found: readonly string[]): void {
    const missing = wanted.filter((name) => !found.some((rule) => rule === name || rule.startsWith(`${name} `)));
    if (missing.length === 0) return;
    throw new EnvironmentError('XDPOL_E_NO_RULE', `"${this.#command.policy}" has no rule "${missing.join('", "')}"`, {
      help: `its rules: xdpol show "${this.#command.policy}"`,
    });
  }

  #told(edit: TextEdit, replaced: readonly string[]): readonly string[] {
    const { policy } = this.#command;
    if (edit.kind === 'delete') return [`${policy}: deleted: ${replaced.join(', ')}`];
    return edit.rules.map(({ name, specs, action }) => {
      const filters = `${specs.length} ${specs.length === 1 ? 'filter' : 'filters'}`;
      return `${policy}: rule "${name}" ${replaced.includes(name) ? 'replaced' : 'added'}: ${action}, ${filters}`;
    });
  }

  /**
   * `before` is given where the policy is in force already: a change that cannot be put in force is taken back, so that
   * the store has what is.
   */
  async #assign(before: PolicyText | undefined): Promise<void> {
    const interfaces = await usualInterfaces(this.#store);
    const attaching = lastAttaching(this.#store);
    try {
      this.#report(await putInForce(this.#store, { stored: this.#command.policy }, interfaces, attaching));
    } catch (error) {
      if (before !== undefined) {
        this.#store.write(this.#command.policy, before);
        warn(`${this.#command.policy}: taken back; the policy as it was before stays in force`);
      }
      throw error;
    }
  }

  #report({ policy, generation, interfaces, notes }: InForce): void {
    for (const note of notes) warn(note);
    print(`${policy}: in force, generation ${generation}, on ${interfaces.join(', ')}`);
  }

  #unassign(isAssigned: boolean): void {
    const { policy } = this.#command;
    if (!isAssigned) {
      const other = this.#store.assignment()?.policy;
      const rest = other === undefined ? 'no policy is' : `"${other}" is, and stays`;
      print(`${policy}: was not assigned; ${rest}`);
      return;
    }
    const { interfaces, rules } = endFiltering(this.#store);
    for (const note of endedNotes(rules)) warn(note);
    print(`${policy}: unassigned, no longer filtered: ${interfaces.join(', ') || 'none'}`);
  }

  #deletePolicy(): void {
    const { policy } = this.#command;
    const isAssigned = this.#store.assignment()?.policy === policy;
    if (this.#store.read(policy) === undefined && !isAssigned) throw this.#notStored();
    if (isAssigned) {
      requireRoot('ipsecpol');
      this.#unassign(true);
    }
    this.#store.delete(policy);
    if (this.#store.assignment() === undefined && process.geteuid?.() === 0) removeUnusedPins();
    print(`${policy}: deleted with its filter lists`);
  }
}

/** Before it is stored: a policy that cannot be read would be found only when it is to be assigned. */
function checkText(name: string, { text, setFiles }: PolicyText): void {
  const diags = new Diagnostics();
  const readSetFile = (path: string): Uint8Array | { readonly error: string } =>
    setFiles.get(path) ?? { error: 'not stored with the policy' };
  readPolicy({ file: name, text, readSetFile }, diags);
  if (!diags.failed) return;
  printDiagnostics(diags.all);
  throw new PolicyRejected();
}
