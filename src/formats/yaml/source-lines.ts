import { present } from '../../base/assert.ts';
import type { Span } from '../../base/diagnostics.ts';

/** Offsets of a text as lines and columns. */
export class SourceLines {
  readonly text: string;
  readonly #file: string;
  readonly #starts: readonly number[];

  constructor(file: string, text: string) {
    this.#file = file;
    this.text = text;
    const starts = [0];
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
    this.#starts = starts;
  }

  /** The part `[start, end)`, cut at the end of its first line. */
  span(start: number, end: number): Span {
    const from = Math.min(start, this.text.length);
    const line = this.#lineAt(from);
    const lineStart = present(this.#starts[line]);
    const lineText = this.text.slice(lineStart, this.#lineEnd(line));
    const lineStop = lineStart + lineText.length;
    const length = Math.max(1, Math.min(end, lineStop) - from);
    return {
      file: this.#file,
      line: line + 1,
      column: from - lineStart + 1,
      length,
      lineText,
    };
  }

  #lineEnd(line: number): number {
    const next = this.#starts[line + 1];
    if (next === undefined) return this.text.length;
    return this.text[next - 2] === '\r' ? next - 2 : next - 1;
  }

  #lineAt(offset: number): number {
    let lo = 0;
    let hi = this.#starts.length;
    while (hi - lo > 1) {
      const mid = (lo + hi) >>> 1;
      if (present(this.#starts[mid]) <= offset) lo = mid;
      else hi = mid;
    }
    return lo;
  }
}
