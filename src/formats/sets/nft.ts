/** The elements of an nftables set: what `nft list set` prints, `add element` commands, or `elements = { ... }` alone. */
import type { ListCollector } from './list-collector.ts';
import { Places } from './places.ts';

/** Before the brace that opens a list of elements. */
const OPENING = /(?:\belements\s*=|\badd\s+element\b[^\n{]*|\bdefine\s+\S+\s*=)\s*\{/gu;
/** What may follow an element. */
const PROPERTY = /^(?:timeout|expires|comment|counter|limit|quota|last|ct|size)\b/u;

export function readNftElements(text: string, list: ListCollector): void {
  const places = new Places(text, list);
  let end = 0;
  let lists = 0;
  for (const match of text.matchAll(OPENING)) {
    if (match.index < end) continue;
    lists++;
    const start = match.index + match[0].length;
    end = readElements(text, start, (from, to) => readElement(from, to, places, list));
    if (end > text.length) {
      const help = 'the file ends before the list does: fetch or save it again';
      list.report('XP0226', places.span(text.length - 1, 1), 'no } ends the elements', help);
    }
  }
  if (lists === 0 && !/\bset\s+\S+\s*\{/u.test(text)) {
    const help = 'save it with: nft list set FAMILY TABLE SET';
    list.report('XP0226', places.span(0, 1), 'expected "elements = { ... }", found none', help);
  }
}

/** Calls back with each element between commas, outside quotes; returns where the list ends, behind the text if nowhere. */
function readElements(text: string, start: number, onElement: (from: number, to: number) => void): number {
  let from = start;
  for (let at = start; at < text.length; at++) {
    const char = text[at];
    if (char === '"') {
      const close = text.indexOf('"', at + 1);
      if (close < 0) return text.length + 1;
      at = close;
    } else if (char === '#') {
      const close = text.indexOf('\n', at);
      at = close < 0 ? text.length : close;
    } else if (char === ',' || char === '}') {
      onElement(from, at);
      from = at + 1;
      if (char === '}') return at + 1;
    }
  }
  return text.length + 1;
}

function readElement(from: number, to: number, places: Places, list: ListCollector): void {
  const raw = places.text.slice(from, to);
  const text = raw.replaceAll(/#.*$/gmu, '').trim();
  if (text === '') return;
  const at = from + raw.indexOf(text[0] ?? '');
  const [element = '', ...rest] = text.split(/\s+/u);
  const span = places.span(at, element.length);
  const more = rest.join(' ');
  if (more === '' || PROPERTY.test(more)) list.add({ text: element, span });
  else list.report('XP0226', span, `"${text}" is more than an address`, 'sets of addresses alone are read');
}
