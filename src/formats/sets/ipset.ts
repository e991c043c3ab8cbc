/** What `ipset save` prints: `add NAME ENTRY OPTIONS` for each entry, and lines that make the set. */
import type { ListCollector } from './list-collector.ts';

const ADD = /^\s*(?:-A|add|--add)\s+(?<set>\S+)\s+(?<entry>\S+)(?<options>.*)$/u;
const OTHER = /^\s*(?:-N|create|--create|flush|destroy|swap|rename|COMMIT|-[FXWE])\b/u;

export function readIpsetSave(text: string, list: ListCollector): void {
  let first: string | undefined;
  for (const [i, raw] of text.split('\n').entries()) {
    const line = { number: i + 1, text: raw.replace(/\r$/u, '') };
    if (/^\s*(?:#|$)/u.test(line.text) || OTHER.test(line.text)) continue;
    const groups = ADD.exec(line.text)?.groups;
    const whole = list.span(line, 0, line.text.length);
    const entry = groups?.['entry'];
    const set = groups?.['set'];
    if (entry === undefined || set === undefined) {
      list.report('XP0226', whole, `expected "add SET ENTRY", found "${line.text.trim()}"`);
      continue;
    }
    first ??= set;
    if (set !== first) {
      const help = `save one set: ipset save ${first}`;
      list.report('XP0226', whole, `the file has two sets, ${first} and ${set}`, help);
    } else if (/\bnomatch\b/u.test(groups?.['options'] ?? '')) {
      const help = `leave the line out, and write exclude: [${entry}] beside the file`;
      list.report('XP0226', whole, `${entry} is an exception of the set (nomatch)`, help);
    } else {
      list.add({ text: entry, span: list.span(line, line.text.indexOf(entry), entry.length) });
    }
  }
}
