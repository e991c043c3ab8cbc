/** An ipsecpol command line as what it asks for. Pure: nothing is looked up, nothing changed. */
import type { Diagnostics } from '../../base/diagnostics.ts';
import type { Action } from '../../policy/model.ts';
import { parseFilterSpec } from '../filterspec.ts';
import type { Token } from '../token.ts';
import { partOf } from '../token.ts';
import { printFilterSpec } from '../yaml/print.ts';
import { readName } from '../yaml/read-names.ts';
import type { GivenOption, GivenOptions, OptionName } from './given-options.ts';
import { readOptions } from './given-options.ts';

/** A rule whose filter list has the rule's name. */
export interface SpecRule {
  readonly name: string;
  readonly action: Action;
  /** Filterspecs without an action of their own. */
  readonly specs: readonly string[];
}

export type InterfaceGroup = 'lan' | 'dialup';

export type PolicyChange =
  /** The policy is made where it is missing. */
  | { readonly kind: 'none' }
  /** `rule` is as named with -r; its specs of another action become rules of their own beside it. */
  | {
      readonly kind: 'add';
      readonly rule: string;
      readonly rules: readonly SpecRule[];
      readonly group: InterfaceGroup | undefined;
    }
  | { readonly kind: 'delete-rules'; readonly rules: readonly string[] }
  | { readonly kind: 'delete-policy' };

/** What a dynamic rule can be: added, which replaces the one of its name, or taken back. */
export type RuleChange = Extract<PolicyChange, { readonly kind: 'add' | 'delete-rules' }>;

interface Addressed {
  readonly machine: string | undefined;
  readonly confirm: boolean;
}

/** With -w REG: changes what is stored. */
export interface StoredCommand extends Addressed {
  readonly kind: 'stored';
  readonly policy: string;
  readonly change: PolicyChange;
  readonly assignment: 'assign' | 'unassign' | undefined;
}

/** Without -w: rules beside the assigned policy, for as long as the agent runs. */
export interface DynamicCommand extends Addressed {
  readonly kind: 'dynamic';
  readonly change: RuleChange;
}

/** -u: takes all dynamic rules back. */
export interface UnloadCommand extends Addressed {
  readonly kind: 'unload';
}

export const SHOWN = ['all', 'policies', 'filters'] as const;

export interface ShowCommand extends Addressed {
  readonly kind: 'show';
  readonly what: (typeof SHOWN)[number];
}

/** -file: carries out the commands of a file, one a line. */
export interface FileCommand extends Addressed {
  readonly kind: 'file';
  readonly path: string;
}

/** A command that changes rules or policies. */
export type ChangeCommand = StoredCommand | DynamicCommand;
export type IpsecpolCommand = ChangeCommand | UnloadCommand | ShowCommand | FileCommand;

/** The command, `usage` where only that is asked for, or undefined where `diags` got an error. */
export function readIpsecpol(words: readonly Token[], diags: Diagnostics): IpsecpolCommand | 'usage' | undefined {
  const mark = diags.all.length;
  const given = readOptions(words, diags);
  if (words.length === 0 || given.options.some(({ name }) => name === '?' || name === 'h')) return 'usage';
  const command = new CommandReader(given, diags).read();
  return diags.failedSince(mark) ? undefined : command;
}

const WITHOUT_EFFECT: Readonly<Partial<Record<OptionName, string>>> = {
  t: 'tunnels carry negotiated security',
  a: 'nothing is authenticated where packets pass or are blocked',
  '1s': 'no security is negotiated',
  '1k': 'no keys are exchanged',
  '1p': 'no keys are exchanged',
  soft: 'no security is negotiated',
};

/** Options that without -w ask for nothing, or for something else than is meant. */
const OF_STORED = {
  x: { message: '-x assigns a stored policy', help: 'write -w REG -p NAME -x' },
  y: { message: '-y unassigns a stored policy', help: 'write -w REG -p NAME -y; -r RULE -o takes back a dynamic rule' },
  p: {
    message: '-p names a stored policy, and without -w nothing is stored',
    help: 'add -w REG to store the rule; leave out -p for a dynamic rule, which is gone when the agent stops',
  },
} as const;

const SHOW_HELP = `write show ${SHOWN.join(', show ')}`;

/** Names beside a rule's own for its filterspecs of another action. */
const COMPANIONS = { permit: '(pass)', block: '[block]' } as const;

export function companionsOf(rule: string): readonly string[] {
  return Object.values(COMPANIONS).map((suffix) => `${rule} ${suffix}`);
}

class CommandReader {
  readonly #given: GivenOptions;
  readonly #diags: Diagnostics;

  constructor(given: GivenOptions, diags: Diagnostics) {
    this.#given = given;
    this.#diags = diags;
  }

  read(): IpsecpolCommand | undefined {
    this.#reportRepeated();
    this.#reportWithoutEffect();
    const addressed = { machine: this.#given.machine?.text, confirm: this.#has('confirm') };
    if (this.#given.show !== undefined) return this.#readShow(this.#given.show, addressed);
    if (this.#has('u')) return this.#isAlone('u') ? { ...addressed, kind: 'unload' } : undefined;
    if (this.#has('file')) {
      const path = this.#first('file')?.values[0]?.text;
      return path === undefined || !this.#isAlone('file') ? undefined : { ...addressed, kind: 'file', path };
    }
    if (!this.#has('w')) {
      const change = this.#readDynamicChange();
      return change === undefined ? undefined : { ...addressed, kind: 'dynamic', change };
    }
    this.#readStore();
    const policy = this.#readPolicyName();
    const change = this.#readChange();
    const assignment = this.#readAssignment();
    if (policy === undefined || change === undefined) return undefined;
    return { ...addressed, kind: 'stored', policy, change, assignment };
  }

  #readShow(words: readonly Token[], addressed: Addressed): ShowCommand | undefined {
    const [word, second] = words;
    if (second !== undefined) return this.#diags.report('XP0516', second.span, 'show takes one word', SHOW_HELP);
    const asked = word?.text.toLowerCase() ?? 'all';
    const what = SHOWN.find((known) => known === asked);
    if (what !== undefined) return { ...addressed, kind: 'show', what };
    if (word === undefined) return undefined;
    if (['auth', 'stats', 'sas'].includes(asked)) {
      return this.#diags.report('XP0519', word.span, `show ${asked} is about negotiated security`, SHOW_HELP);
    }
    return this.#diags.report('XP0516', word.span, `show does not know "${word.text}"`, SHOW_HELP);
  }

  /** -confirm may stand beside it. */
  #isAlone(name: 'u' | 'file'): boolean {
    const other = this.#given.options.find((option) => option.name !== name && option.name !== 'confirm');
    if (other === undefined) return true;
    const help = `give -${name} by itself`;
    this.#diags.report('XP0522', other.at.span, `-${name} takes no -${other.name} beside it`, help);
    return false;
  }

  #all(name: OptionName): readonly GivenOption[] {
    return this.#given.options.filter((option) => option.name === name);
  }

  #first(name: OptionName): GivenOption | undefined {
    return this.#all(name)[0];
  }

  #has(name: OptionName): boolean {
    return this.#first(name) !== undefined;
  }

  #reportRepeated(): void {
    for (const name of ['w', 'p', 'n', 'x', 'y', 'o'] as const) {
      const second = this.#all(name)[1];
      if (second !== undefined) this.#diags.report('XP0525', second.at.span, `-${name} is given twice`, 'give it once');
    }
  }

  #reportWithoutEffect(): void {
    for (const { name, at } of this.#given.options) {
      const why = WITHOUT_EFFECT[name];
      if (why !== undefined) this.#diags.report('XP0524', at.span, `-${name} has no effect: ${why}`);
    }
  }

  /** Where a command has nothing to say where to, its first word is what can be pointed at. */
  #at(): Token['span'] | undefined {
    return this.#given.options[0]?.at.span ?? this.#given.machine?.span;
  }

  #readStore(): void {
    const value = this.#first('w')?.values[0];
    if (value === undefined || value.text === 'REG') return;
    if (value.text.toUpperCase() === 'REG') reportCase(value, 'REG', this.#diags);
    else this.#diags.report('XP0518', value.span, `"${value.text}" is no store here`, 'write -w REG');
  }

  #readDynamicChange(): RuleChange | undefined {
    for (const name of ['x', 'y', 'p'] as const) {
      const span = this.#first(name)?.at.span;
      if (span === undefined) continue;
      const { message, help } = OF_STORED[name];
      return this.#diags.report('XP0523', span, message, help);
    }
    const change = this.#readChange();
    if (change === undefined || change.kind === 'add' || change.kind === 'delete-rules') return change;
    const span = this.#at();
    if (span === undefined) return undefined;
    if (change.kind === 'delete-policy') {
      const help = 'add -r RULE; a stored policy is deleted with -w REG -p NAME -o';
      return this.#diags.report('XP0521', span, '-o without -w takes back a dynamic rule: which one?', help);
    }
    const help = 'add -r RULE -f SPEC -n PASS for a dynamic one, -w REG -p NAME for a stored policy';
    return this.#diags.report('XP0521', span, 'which rule?', help);
  }

  #readPolicyName(): string | undefined {
    const value = this.#first('p')?.values[0];
    if (value === undefined) {
      const span = this.#at();
      if (span === undefined || !this.#has('w') || this.#all('p').length > 0) return undefined;
      return this.#diags.report('XP0521', span, 'which policy?', 'add -p "NAME"');
    }
    const poll = /:\d+$/u.exec(value.text);
    if (poll === null) return readName(value, 'policy', this.#diags);
    const interval = partOf(value, poll.index, value.text.length);
    this.#diags.report('XP0524', interval.span, 'the interval has no effect: there is no directory to ask');
    return readName(partOf(value, 0, poll.index), 'policy', this.#diags);
  }

  #readAssignment(): 'assign' | 'unassign' | undefined {
    const [assign, unassign, remove] = [this.#first('x'), this.#first('y'), this.#first('o')];
    if (assign !== undefined && unassign !== undefined) {
      return this.#diags.report(
        'XP0522',
        unassign.at.span,
        '-x assigns the policy, -y unassigns it',
        'give one of them',
      );
    }
    if (remove !== undefined && assign !== undefined && !this.#has('r')) {
      const help = 'give one of them; -o deletes a rule only where -r names it';
      return this.#diags.report('XP0522', assign.at.span, '-o deletes the policy that -x would assign', help);
    }
    if (assign !== undefined) return 'assign';
    return unassign === undefined ? undefined : 'unassign';
  }

  #readChange(): PolicyChange | undefined {
    const names = this.#all('r').flatMap(({ values }) => values);
    const [filters, remove] = [this.#all('f'), this.#first('o')];
    if (remove !== undefined) {
      const other = filters[0] ?? this.#first('n');
      if (other !== undefined) {
        const help = 'a rule is deleted by its name alone: -r RULE -o; and replaced without -o';
        return this.#diags.report('XP0522', other.at.span, `-o deletes, -${other.name} adds`, help);
      }
      const rules = names.map((name) => readName(name, 'rule', this.#diags)).filter((name) => name !== undefined);
      return names.length === 0 ? { kind: 'delete-policy' } : { kind: 'delete-rules', rules };
    }
    const [name, second] = names;
    if (second !== undefined)
      this.#diags.report('XP0525', second.span, 'one command adds one rule', 'use a command each');
    const action = this.#readAction();
    if (filters.length > 0) return this.#readRule(name, filters, action);
    const without = this.#first('r') ?? this.#first('n') ?? this.#first('lan') ?? this.#first('dialup');
    if (without === undefined) return { kind: 'none' };
    const help = 'add -f *+131.107.1.1:80:TCP';
    return this.#diags.report(
      'XP0521',
      without.at.span,
      `-${without.name} belongs to a rule, which needs filters`,
      help,
    );
  }

  #readRule(
    name: Token | undefined,
    filters: readonly GivenOption[],
    action: Action | undefined,
  ): PolicyChange | undefined {
    const rule = name === undefined ? undefined : readName(name, 'rule', this.#diags);
    const at = filters[0]?.at.span;
    if (name === undefined && this.#all('r').length === 0 && at !== undefined) {
      this.#diags.report('XP0521', at, 'which rule do the filters belong to?', 'add -r "NAME"');
    }
    const byAction: Record<Action, string[]> = { permit: [], block: [] };
    for (const value of filters.flatMap(({ values }) => values)) {
      for (const spec of readSpecs(value, this.#diags)) {
        const chosen = spec.action ?? action;
        if (chosen !== undefined) byAction[chosen].push(spec.text);
        else if (!this.#has('n')) {
          const help = 'add -n PASS or -n BLOCK, or write (spec) or [spec]';
          this.#diags.report(
            'XP0521',
            value.span,
            'what happens to packets that match? Nothing is negotiated here',
            help,
          );
        }
      }
    }
    if (rule === undefined) return undefined;
    const main = action ?? (byAction.permit.length > 0 ? 'permit' : 'block');
    const rules = (['permit', 'block'] as const).flatMap((one): readonly SpecRule[] => {
      const specs = byAction[one];
      return specs.length === 0
        ? []
        : [{ name: one === main ? rule : `${rule} ${COMPANIONS[one]}`, action: one, specs }];
    });
    return { kind: 'add', rule, rules, group: this.#readGroup() };
  }

  #readGroup(): InterfaceGroup | undefined {
    const [lan, dialup] = [this.#first('lan'), this.#first('dialup')];
    if (lan !== undefined && dialup !== undefined) {
      const help = 'leave both out for every interface';
      return this.#diags.report('XP0522', dialup.at.span, '-lan and -dialup exclude each other', help);
    }
    if (lan !== undefined) return 'lan';
    return dialup === undefined ? undefined : 'dialup';
  }

  #readAction(): Action | undefined {
    const [value, second] = this.#first('n')?.values ?? [];
    if (value === undefined) return undefined;
    const extra = second ?? value;
    const text = value.text.toUpperCase();
    const negotiates = [value, extra].find((word) => /^(?:INPASS|ESP|AH|.*\[.*\]?)/iu.test(word.text));
    if (negotiates !== undefined) {
      const help = 'the actions are PASS and BLOCK; for encryption use a VPN beside this';
      return this.#diags.report(
        'XP0519',
        negotiates.span,
        `-n ${negotiates.text} negotiates security; nothing here does`,
        help,
      );
    }
    if (text !== 'PASS' && text !== 'BLOCK') {
      return this.#diags.report('XP0526', value.span, `"${value.text}" is not an action`, 'write -n PASS or -n BLOCK');
    }
    if (second !== undefined) {
      const help = 'write (spec) or [spec] for filters of another action';
      return this.#diags.report('XP0516', second.span, '-n takes one action', help);
    }
    if (value.text !== text) return reportCase(value, text, this.#diags);
    return text === 'PASS' ? 'permit' : 'block';
  }
}

function reportCase(value: Token, wanted: string, diags: Diagnostics): undefined {
  return diags.report('XP0517', value.span, `"${value.text}" is not in upper case`, `write ${wanted}`);
}

/** Specs as typed; one that drew a warning is stored as it was understood, so that it is warned of once. */
function readSpecs(
  value: Token,
  diags: Diagnostics,
): readonly { readonly text: string; readonly action: Action | undefined }[] {
  const mark = diags.all.length;
  const { filters } = parseFilterSpec(value, diags);
  const warned = diags.all.length > mark;
  return filters.map(({ filter, action }) => ({
    text: warned ? (printFilterSpec(filter) ?? filter.text) : filter.text,
    action,
  }));
}
