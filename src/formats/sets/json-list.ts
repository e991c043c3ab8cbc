/** Lists in JSON: an array, or a value a line (NDJSON), of texts or of objects with the address in one field. */
import type { Span } from '../../base/diagnostics.ts';
import { messageOf } from '../../base/message-of.ts';
import { readPrefix, readRange } from '../address-text.ts';
import type { ListCollector, ListLine } from './list-collector.ts';
import { Places } from './places.ts';

/** A value of the list, and where it stands. */
interface Item {
  readonly value: unknown;
  /** Of a text in the value, or of the value as a whole. */
  readonly place: (text?: string) => Span;
}

export function readJsonList(text: string, field: string | undefined, list: ListCollector): void {
  const items = itemsOf(text, list);
  if (items === undefined) return;
  const path = field?.split('.') ?? guessField(items);
  for (const item of items) {
    const { value, place } = item;
    if (typeof value === 'string') list.add({ text: value, span: place(value) });
    else if (!isObject(value)) {
      list.report('XP0227', place(), `expected an address or an object, found ${showValue(value)}`);
    } else if (path === undefined) reportWithoutField(value, place(), list);
    else readObject(value, path, item, list);
  }
}

/** Every value of the list; undefined where the text is no JSON, which has been reported. */
function itemsOf(text: string, list: ListCollector): readonly Item[] | undefined {
  const whole = parse(text);
  if (!('error' in whole)) return arrayItems(whole.value, text, list);
  const items: Item[] = [];
  for (const [i, raw] of text.split('\n').entries()) {
    const line = { number: i + 1, text: raw.replace(/\r$/u, '') };
    if (line.text.trim() === '') continue;
    const one = parse(line.text);
    if ('error' in one) {
      const help = 'JSON is an array, or one value a line; a list that ends too early was cut: fetch it again';
      list.report('XP0227', list.span(line, 0, line.text.length), `the text is not JSON: ${one.error}`, help);
      return undefined;
    }
    items.push({ value: one.value, place: (part) => placeIn(line, part, list) });
  }
  return items;
}

function parse(text: string): { readonly value: unknown } | { readonly error: string } {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (error) {
    return { error: messageOf(error) };
  }
}

/** An object by itself is a list of one. */
function arrayItems(value: unknown, text: string, list: ListCollector): readonly Item[] {
  const places = new Places(text, list);
  const place: Item['place'] = (part = '') => places.span(places.find(part), part.length);
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return values.map((one) => ({ value: one, place }));
}

function placeIn(line: ListLine, part: string | undefined, list: ListCollector): Span {
  const at = part === undefined ? -1 : line.text.indexOf(part);
  return at < 0 ? list.span(line, 0, line.text.length) : list.span(line, at, part?.length ?? 1);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The key of the first object with an address that is the only one there with one. */
function guessField(items: readonly Item[]): readonly string[] | undefined {
  for (const { value } of items) {
    const keys = isObject(value) ? addressKeys(value) : [];
    if (keys.length > 0) return keys.length === 1 ? keys : undefined;
  }
  return undefined;
}

function addressKeys(value: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(value).filter((key) => isAddress(value[key]));
}

function isAddress(value: unknown): boolean {
  return typeof value === 'string' && (readPrefix(value).kind === 'prefix' || readRange(value)?.kind === 'range');
}

function reportWithoutField(value: Readonly<Record<string, unknown>>, span: Span, list: ListCollector): void {
  const keys = addressKeys(value);
  const help = keys.length > 1 ? `write field: ${keys.join(', or field: ')}` : 'write field: KEY beside the file';
  const found = keys.length > 1 ? 'more than one key holds an address' : 'no key holds an address';
  list.report('XP0228', span, `which field has the address? In the object ${found}`, help);
}

/** An object without the field and without any address is about the list, as its last line often is. */
function readObject(
  value: Readonly<Record<string, unknown>>,
  path: readonly string[],
  { place }: Item,
  list: ListCollector,
): void {
  const found = valuesAt(value, path);
  const texts = found.filter((one) => typeof one === 'string');
  if (texts.length < found.length) {
    const other = found.find((one) => typeof one !== 'string');
    list.report('XP0227', place(), `the field ${path.join('.')} is ${showValue(other)}, not an address`);
  } else if (texts.length > 0) {
    for (const text of texts) list.add({ text, span: place(text) });
  } else if (addressKeys(value).length === 0) {
    list.skip(place(), `the object has no field ${path.join('.')}`);
  } else {
    list.report(
      'XP0228',
      place(),
      `the object has no field ${path.join('.')}`,
      `it has ${Object.keys(value).join(', ')}`,
    );
  }
}

/** Arrays on the way are gone through. */
function valuesAt(value: unknown, path: readonly string[]): readonly unknown[] {
  if (Array.isArray(value)) return value.flatMap((one) => valuesAt(one, path));
  const [key, ...rest] = path;
  if (key === undefined) return [value];
  return isObject(value) && Object.hasOwn(value, key) ? valuesAt(value[key], rest) : [];
}

function showValue(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `the ${typeof value} ${String(value)}`;
}
