/** Diagnostics are data: collected while reading and checking, rendered by whoever shows them. */
import type { DiagnosticCode } from './codes/catalogue.ts';
import { CODES } from './codes/catalogue.ts';
import type { Severity } from './codes/entry.ts';

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
  /** Stable. */
  readonly code: DiagnosticCode;
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

/** Collects diagnostics. */
export class Diagnostics {
  readonly #all: Diagnostic[];

  /** Begins with those. */
  constructor(all: readonly Diagnostic[] = []) {
    this.#all = [...all];
  }

  /** Its severity is the catalogue's. Returns undefined, so that a parser can `return diags.report(...)`. */
  report(code: DiagnosticCode, span: Span, message: string, help?: string): undefined {
    this.#all.push({ code, severity: CODES[code].severity, span, message, ...(help === undefined ? {} : { help }) });
  }

  get all(): readonly Diagnostic[] {
    return this.#all;
  }

  get failed(): boolean {
    return this.failedSince(0);
  }

  /** Was an error reported after the first `count` diagnostics? */
  failedSince(count: number): boolean {
    return this.#all.slice(count).some(({ severity }) => severity === 'error');
  }
}
