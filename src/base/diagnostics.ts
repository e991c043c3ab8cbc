/** Diagnostics are data: collected while reading and checking, rendered by whoever shows them. */
export type Severity = 'error' | 'warning' | 'note';

/** Where something stands in a source text. Lines and columns count from 1. */
export interface Span {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Characters to underline, at least 1. */
  readonly length: number;
  /** The whole line, without its end; empty where there is no text to show. */
  readonly lineText: string;
}

export interface Diagnostic {
  /** Stable: XP and four digits. */
  readonly code: string;
  readonly severity: Severity;
  readonly span: Span;
  /** What was found and what was wanted. */
  readonly message: string;
  /** The next step, where there is one. */
  readonly help?: string;
}

/** A span for what has no place in a text: a command line argument, a whole file. */
export function spanOfFile(file: string): Span {
  return { file, line: 1, column: 1, length: 1, lineText: '' };
}

/** Collects diagnostics. Its methods return undefined, so a parser can `return diags.error(...)`. */
export class Diagnostics {
  readonly #all: Diagnostic[] = [];

  error(code: string, span: Span, message: string, help?: string): undefined {
    this.#add('error', code, span, message, help);
  }

  warning(code: string, span: Span, message: string, help?: string): undefined {
    this.#add('warning', code, span, message, help);
  }

  note(code: string, span: Span, message: string, help?: string): undefined {
    this.#add('note', code, span, message, help);
  }

  get all(): readonly Diagnostic[] {
    return this.#all;
  }

  get failed(): boolean {
    return this.#all.some((d) => d.severity === 'error');
  }

  #add(severity: Severity, code: string, span: Span, message: string, help: string | undefined): void {
    this.#all.push({ code, severity, span, message, ...(help === undefined ? {} : { help }) });
  }
}
