/** The whole screen of a terminal, given back as it was. */

const OPEN = '\u001b[?1049h\u001b[?25l';
const CLOSE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const END_OF_LINE = '\u001b[K';

export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

/** Of standard input and output, which are terminals. */
export class FullScreen implements Disposable {
  readonly #onKey: (chunk: string) => void;
  readonly #onResize: () => void;

  constructor(onKey: (key: string) => void, onResize: () => void) {
    // Pasted or quick keys arrive together; a sequence of an arrow key is one key that nothing takes.
    this.#onKey = (chunk) => {
      if (chunk.length > 1 && chunk.startsWith('\u001b')) return;
      for (const key of chunk) onKey(key);
    };
    this.#onResize = onResize;
    process.stdin.setRawMode(true).setEncoding('utf8').on('data', this.#onKey);
    process.stdout.on('resize', this.#onResize);
    process.stdout.write(OPEN);
  }

  get size(): ScreenSize {
    return { columns: process.stdout.columns, rows: process.stdout.rows };
  }

  draw(lines: readonly string[]): void {
    process.stdout.write(`${HOME}${lines.map((line) => `${line}${END_OF_LINE}`).join('\r\n')}`);
  }

  [Symbol.dispose](): void {
    process.stdin.off('data', this.#onKey).setRawMode(false).pause();
    process.stdout.off('resize', this.#onResize);
    process.stdout.write(CLOSE);
  }
}

/** Can a live view be shown? */
export function isInteractive(): boolean {
  return process.stdin.isTTY && process.stdout.isTTY;
}

/** Does the locale have block elements? */
export function usesUnicode(): boolean {
  const { LC_ALL, LC_CTYPE, LANG } = process.env;
  return /utf-?8/iu.test(LC_ALL || LC_CTYPE || LANG || '');
}
