/** What lines a text gains and loses. */

export interface ChangedLine {
  readonly kind: 'added' | 'removed' | 'same';
  readonly text: string;
}

/** Lines compared one with each other; more are shown as removed and added whole. */
const MOST = 1000;

/** The lines around each change, at most `context` before and after. */
export function differenceOfLines(before: string, after: string, context: number): readonly ChangedLine[] {
  const [a, b] = [before.split('\n'), after.split('\n')];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let [endA, endB] = [a.length, b.length];
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) {
    endA--;
    endB--;
  }
  const same = (text: string): ChangedLine => ({ kind: 'same', text });
  const middle = compareLines(a.slice(start, endA), b.slice(start, endB));
  const [above, below] = [a.slice(Math.max(0, start - context), start), a.slice(endA, endA + context)];
  const all = [...above.map(same), ...middle, ...below.map(same)];
  const isNear = all.map((_, i) => all.slice(Math.max(0, i - context), i + context + 1).some(isChange));
  return all.filter((_, i) => isNear[i]);
}

function isChange({ kind }: ChangedLine): boolean {
  return kind !== 'same';
}

/** By their longest common subsequence. */
function compareLines(a: readonly string[], b: readonly string[]): readonly ChangedLine[] {
  const removed = (text: string): ChangedLine => ({ kind: 'removed', text });
  const added = (text: string): ChangedLine => ({ kind: 'added', text });
  if (a.length > MOST || b.length > MOST) return [...a.map(removed), ...b.map(added)];
  const lengths = commonLengths(a, b);
  const at = (i: number, j: number): number => lengths[i * (b.length + 1) + j] ?? 0;
  const lines: ChangedLine[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push({ kind: 'same', text: a[i] ?? '' });
      i++;
      j++;
    } else if (i < a.length && (j === b.length || at(i + 1, j) >= at(i, j + 1))) {
      lines.push(removed(a[i++] ?? ''));
    } else {
      lines.push(added(b[j++] ?? ''));
    }
  }
  return lines;
}

/** Of what is left from line i of the one and line j of the other. */
function commonLengths(a: readonly string[], b: readonly string[]): Uint16Array {
  const width = b.length + 1;
  const lengths = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const [down, right] = [lengths[(i + 1) * width + j] ?? 0, lengths[i * width + j + 1] ?? 0];
      lengths[i * width + j] = a[i] === b[j] ? (lengths[(i + 1) * width + j + 1] ?? 0) + 1 : Math.max(down, right);
    }
  }
  return lengths;
}
