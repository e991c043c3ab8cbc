/** The lines of a file of members, see live-set-files.ts: written, and read one after another. */
import type { Prefix } from '../base/ip.ts';
import { formatAddress, isCanonical, parseAddress } from '../base/ip.ts';
import { fieldsOf, parseJson } from './json-fields.ts';
import type { Member } from './member-table.ts';
import { MemberTable } from './member-table.ts';

/** Counted since the file began. */
export interface SetCounts {
  readonly adds: number;
  readonly expired: number;
  readonly refused: Readonly<Record<string, number>>;
}

export const NO_COUNTS: SetCounts = { adds: 0, expired: 0, refused: {} };

export function bytesOf(lines: readonly string[], counts: SetCounts): Uint8Array {
  return Buffer.from(`${[...lines, `=${JSON.stringify(counts)}`].join('\n')}\n`, 'latin1');
}

export function putLine({ prefix, endsAt, note }: Member): string {
  const words = note === '' ? '' : ` ${encodeURIComponent(note)}`;
  return `+${formatAddress(prefix)}/${prefix.length} ${endsAt}${words}`;
}

export function removedLine(prefix: Prefix): string {
  return `-${formatAddress(prefix)}/${prefix.length}`;
}

/** Reads a text line by line: a million of them take a second or more, so that whoever reads may pause. */
export class MemberReader {
  readonly table: MemberTable = new MemberTable();
  readonly #path: string;
  readonly #text: string;
  #at = 0;
  #lines = 0;
  #broken = 0;
  #isWhole = true;
  #counts = NO_COUNTS;

  constructor(path: string, text: string) {
    this.#path = path;
    this.#text = text;
  }

  get counts(): SetCounts {
    return this.#counts;
  }

  /** Infinity where the file has to be written anew: its last line was not written whole. */
  get lines(): number {
    return this.#isWhole ? this.#lines : Number.POSITIVE_INFINITY;
  }

  /** What is wrong with the file, a sentence. */
  get damage(): string | undefined {
    if (!this.#text.includes('\n')) return `${this.#path} is damaged: the members of the set are not known`;
    if (this.#broken === 0) return undefined;
    return `${this.#path}: ${this.#broken} of ${this.#lines} lines are damaged and passed over`;
  }

  /** So many lines at most; false where there are no more. */
  read(most: number = Number.POSITIVE_INFINITY): boolean {
    const text = this.#text;
    for (let i = 0; i < most && this.#at < text.length; i++, this.#lines++) {
      const end = text.indexOf('\n', this.#at);
      this.#isWhole = end >= 0;
      if (!this.#isWhole) return false;
      const line = text.slice(this.#at, end);
      this.#at = end + 1;
      if (line.startsWith('=')) this.#counts = decodeCounts(line.slice(1)) ?? this.#counts;
      else if (!readChange(line, this.table)) this.#broken++;
    }
    return this.#at < text.length;
  }
}

/** A sign, an address, its length; of one that was put its end and perhaps a note. */
const LINE = /^([+-])([\da-f:.]{2,45})\/(\d{1,3})(?: (\d{1,15})(?: (\S+))?)?$/u;

/** False where the line is none. */
function readChange(line: string, table: MemberTable): boolean {
  const [, sign, text = '', digits, end, note = ''] = LINE.exec(line) ?? [];
  const address = parseAddress(text);
  const length = Number(digits);
  if (address === undefined || length > 32 * address.words.length || !isCanonical(address, length)) return false;
  const prefix: Prefix = { family: address.family, words: address.words, length };
  if (sign === '-') {
    table.delete(prefix);
    return true;
  }
  if (end === undefined) return false;
  table.set({ prefix, endsAt: Number(end), note: note === '' ? '' : decodeNote(note) });
  return true;
}

function decodeNote(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

function decodeCounts(text: string): SetCounts | undefined {
  const { adds, expired, refused } = fieldsOf<SetCounts>(parseJson(text));
  if (typeof adds !== 'number' || typeof expired !== 'number') return undefined;
  if (typeof refused !== 'object' || refused === null) return undefined;
  const counts = Object.entries(refused).filter(([, count]) => typeof count === 'number');
  return { adds, expired, refused: Object.fromEntries(counts) as Record<string, number> };
}
