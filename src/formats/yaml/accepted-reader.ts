/** `accept` and `tests`: what the author of a policy says about it, which decides no packet. */
import type { DiagnosticCode } from '../../base/codes/catalogue.ts';
import { CODES } from '../../base/codes/catalogue.ts';
import type { Diagnostics } from '../../base/diagnostics.ts';
import { didYouMean } from '../../base/suggest.ts';
import type { AcceptedWarning, PacketDirection, PolicyTest, Rule } from '../../policy/model.ts';
import type { Direction } from '../../policy/packet/text.ts';
import { parsePacketTemplate } from '../../policy/packet/text.ts';
import { itemsOf, nodeOf, textNode } from './map-reader.ts';
import { readInterface } from './read-names.ts';
import type { MapNode, ScalarNode, SourceNode } from './source-tree.ts';

/** Rules that are in the file; those with errors of their own are not among them. */
interface Scope {
  readonly rules: readonly Rule[];
  readonly diags: Diagnostics;
}

export function readAccepted(node: SourceNode | undefined, scope: Scope): AcceptedWarning[] {
  const all = itemsOf(node).map((item) => (item.kind === 'map' ? readOne(item, scope) : undefined));
  return all.filter((one) => one !== undefined);
}

function readOne(map: MapNode, scope: Scope): AcceptedWarning | undefined {
  const code = readCode(textNode(nodeOf(map, 'code')), scope.diags);
  const reason = textNode(nodeOf(map, 'because'));
  const rule = readRule(map, scope);
  if (reason?.token.text.trim() === '') {
    return scope.diags.report('XP0010', reason.span, 'the reason is empty', 'say why the warning is accepted');
  }
  if (code === undefined || reason === undefined || rule === 'unknown') return undefined;
  return { code, rule: rule?.token.text, because: reason.token.text, span: map.span };
}

function readCode(node: ScalarNode | undefined, diags: Diagnostics): DiagnosticCode | undefined {
  if (node === undefined) return undefined;
  const { text, span } = node.token;
  if (!isCode(text)) {
    return diags.report('XP0318', span, `"${text}" is not a code`, 'write the code of the warning, such as XP0403');
  }
  const { severity } = CODES[text];
  if (severity === 'warning') return text;
  const help = severity === 'error' ? 'mend what it is about' : 'leave it out: --strict passes over notes';
  const kind = severity === 'error' ? 'an error' : 'a note';
  return diags.report('XP0318', span, `${text} is ${kind}, and only warnings can be accepted`, help);
}

function isCode(text: string): text is DiagnosticCode {
  return Object.hasOwn(CODES, text);
}

/** `unknown` where the policy has no such rule, which has been reported. */
function readRule(map: MapNode, { rules, diags }: Scope): ScalarNode | 'unknown' | undefined {
  const node = textNode(nodeOf(map, 'rule'));
  if (node === undefined || rules.some(({ name }) => name === node.token.text)) return node;
  const names = rules.map(({ name }) => name);
  diags.report('XP0319', node.span, `there is no rule "${node.token.text}"`, didYouMean(node.token.text, names));
  return 'unknown';
}

export function readTests(node: SourceNode | undefined, scope: Scope): PolicyTest[] {
  const all = itemsOf(node).map((item) => (item.kind === 'map' ? readTest(item, scope) : undefined));
  return all.filter((one) => one !== undefined);
}

/** The direction in a packet's own words. */
const WORDS: Readonly<Record<Direction, PacketDirection>> = { arriving: 'in', leaving: 'out' };

function readTest(map: MapNode, scope: Scope): PolicyTest | undefined {
  const packet = textNode(nodeOf(map, 'packet'))?.token;
  const expect = wordOf(map, 'expect', ['pass', 'drop'] as const);
  const direction = wordOf(map, 'direction', ['in', 'out'] as const);
  const seenAt = textNode(nodeOf(map, 'interface'))?.token;
  const name = seenAt === undefined ? undefined : readInterface(seenAt, scope.diags);
  const rule = readRule(map, scope);
  if (packet === undefined) return undefined;
  const template = parsePacketTemplate(packet.text, { span: packet.span }, scope.diags);
  if (template === undefined || expect === undefined || rule === 'unknown') return undefined;
  return {
    packet: packet.text,
    expect,
    rule: rule?.token.text,
    interface: name ?? template.interface,
    direction: direction ?? (template.direction === undefined ? undefined : WORDS[template.direction]),
    span: packet.span,
  };
}

function wordOf<T extends string>(map: MapNode, key: string, words: readonly T[]): T | undefined {
  const text = textNode(nodeOf(map, key))?.token.text;
  return words.find((word) => word === text);
}
