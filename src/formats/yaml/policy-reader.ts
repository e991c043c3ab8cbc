/**
 * Reads a policy file: text -> located tree -> structure by schema -> roles put in -> meaning. Every pass reports
 * what it finds and goes on, so that one run reports every problem; only a text without errors becomes a policy.
 */
import type { Diagnostics } from '../../base/diagnostics.ts';
import { DEFAULT_EXEMPTIONS, defaultDrops, emptyPolicy } from '../../policy/defaults.ts';
import type { Action, AddressSet, Drop, Exemption, Policy } from '../../policy/model.ts';
import { DROPS, EXEMPTIONS } from '../../policy/model.ts';
import type { Inflate, ReadNamedFile as ReadSetFile } from '../named-file.ts';
import { NamedFiles } from '../named-file.ts';
import { readAccepted, readTests } from './accepted-reader.ts';
import type { ReadingProgress, SetSource } from './address-sets.ts';
import { readAddressSets } from './address-sets.ts';
import { checkStructure } from './check-structure.ts';
import { readFilterList } from './filter-list.ts';
import { withRoles } from './includes.ts';
import { entriesOf, itemsOf, nodeOf, textNode } from './map-reader.ts';
import { readName } from './read-names.ts';
import type { RuleScope } from './rule-reader.ts';
import { readRules } from './rule-reader.ts';
import { ServiceScope } from './service-scope.ts';
import type { MapNode, OnShare, SourceNode } from './source-tree.ts';
import { readSourceTree } from './source-tree.ts';

export type { ReadNamedFile as ReadSetFile } from '../named-file.ts';

export interface PolicySource {
  /** As diagnostics name it. */
  readonly file: string;
  /** YAML or JSON. */
  readonly text: string;
  /** Role files and the names of services are read as files of address sets are. */
  readonly readSetFile: ReadSetFile;
  /** For lists that are gzip files. */
  readonly inflate?: Inflate | undefined;
  /** For sets of many lines. */
  readonly onProgress?: ReadingProgress;
  /** For texts of many filters: how much of it all is read. */
  readonly onShare?: OnShare;
}

/** The share of the work that is done when the text has become a tree. */
const DONE_TREE = 0.7;

/** The policy, or undefined where `diags` got an error. Never throws for what the text says. */
export function readPolicy(source: PolicySource, diags: Diagnostics): Policy | undefined {
  const mark = diags.all.length;
  const { file, text, onProgress, onShare } = source;
  const root = readSourceTree(file, text, diags, 'policy', onShare && ((share) => onShare(share * DONE_TREE)));
  if (root === undefined) return undefined;
  checkStructure(root, 'policy', diags);
  if (root.kind !== 'map') return undefined;
  const files = new NamedFiles(source.readSetFile, source.inflate);
  const lines = text.split('\n').length;
  const onFilter = onShare && ((line: number) => onShare(DONE_TREE + ((1 - DONE_TREE) * line) / lines));
  const policy = readRoot(withRoles(root, { file, files }, diags), { file, files, onProgress }, diags, onFilter);
  return diags.failedSince(mark) ? undefined : policy;
}

function readRoot(
  root: MapNode,
  source: SetSource,
  diags: Diagnostics,
  onFilter: RuleScope['onFilter'],
): Policy | undefined {
  const sets = readAddressSets(nodeOf(root, 'addressSets'), source, diags);
  const services = new ServiceScope(source.files);
  const used = { usedSets: new Set<string>(), usedLists: new Set<string>() };
  const scope: RuleScope = { diags, sets, services, lists: new Map(), ...used, onFilter };
  for (const [name, entry] of entriesOf(nodeOf(root, 'filterLists'))) {
    readName(entry.key, 'filter list', diags);
    scope.lists.set(name, readFilterList(name, entry.key.span, entry.value, scope));
  }
  const rules = readRules(nodeOf(root, 'rules'), root.span, scope);
  const isStrict = isNotFalse(nodeOf(root, 'strict'));
  const exemptions = readExemptions(root, diags);
  const name = textNode(nodeOf(root, 'name'));
  if (name !== undefined) readName(name.token, 'policy', diags);
  reportUnused(scope);
  const accept = readAccepted(nodeOf(root, 'accept'), { rules, diags });
  const tests = readTests(nodeOf(root, 'tests'), { rules, diags });
  if (name === undefined) return undefined;
  return {
    ...emptyPolicy(name.token.text, root.span),
    description: textNode(nodeOf(root, 'description'))?.token.text ?? '',
    default: defaultAction(nodeOf(root, 'default')),
    strict: isStrict,
    drop: readDrops(nodeOf(root, 'drop'), isStrict),
    exemptions,
    addressSets: knownSets(sets),
    filterLists: scope.lists,
    rules,
    accept,
    tests,
  };
}

function defaultAction(node: SourceNode | undefined): Action {
  return node?.kind === 'scalar' && node.value === 'block' ? 'block' : 'permit';
}

function isNotFalse(node: SourceNode | undefined): boolean {
  return !(node?.kind === 'scalar' && node.value === false);
}

function knownSets(sets: ReadonlyMap<string, AddressSet | undefined>): Map<string, AddressSet> {
  const known = new Map<string, AddressSet>();
  for (const [name, set] of sets) if (set !== undefined) known.set(name, set);
  return known;
}

/** In the order of DROPS, each once. */
function readDrops(list: SourceNode | undefined, isStrict: boolean): readonly Drop[] {
  if (list === undefined) return defaultDrops(isStrict);
  const named = new Set(itemsOf(list).map((item) => textNode(item)?.token.text));
  return DROPS.filter((drop) => named.has(drop));
}

const WINDOWS_2000: readonly Exemption[] = ['broadcast', 'multicast', 'rsvp', 'ike', 'kerberos'];

/** In the order of EXEMPTIONS, each once. A list that is written replaces the default. */
function readExemptions(root: MapNode, diags: Diagnostics): Exemption[] {
  const list = nodeOf(root, 'exemptions');
  const compat = textNode(nodeOf(root, 'compat'));
  const named = new Set<string>(list === undefined ? DEFAULT_EXEMPTIONS : []);
  for (const item of itemsOf(list)) {
    const word = textNode(item);
    if (word === undefined) continue;
    named.add(word.token.text);
    if (word.token.text === 'kerberos') warnOfKerberos(word, diags);
  }
  const known = [...named].every((word) => EXEMPTIONS.some((exemption) => exemption === word));
  if (list !== undefined && named.size > 0 && known && !named.has('neighbor-discovery')) {
    const message = 'neighbor-discovery is not among the exemptions: without a permit for it, IPv6 stops';
    diags.report('XP0311', list.span, message, 'add neighbor-discovery, or permit ICMPv6 133-137');
  }
  if (compat?.token.text === 'windows2000') {
    if (!named.has('kerberos')) warnOfKerberos(compat, diags);
    for (const exemption of WINDOWS_2000) named.add(exemption);
  }
  return EXEMPTIONS.filter((exemption) => named.has(exemption));
}

function warnOfKerberos(at: SourceNode, diags: Diagnostics): void {
  diags.report('XP0310', at.span, 'the kerberos exemption opens every port to anyone who sends from port 88');
}

function reportUnused(scope: RuleScope): void {
  for (const list of scope.lists.values()) {
    if (scope.usedLists.has(list.name)) continue;
    scope.diags.report('XP0304', list.span, `no rule uses filter list ${list.name}`);
  }
  for (const set of scope.sets.values()) {
    if (set === undefined || scope.usedSets.has(set.name)) continue;
    scope.diags.report('XP0207', set.span, `no filter uses address set ${set.name}`);
  }
}
