import type { ErrorCode } from './errors/catalogue.ts';
import { ERRORS } from './errors/catalogue.ts';

/**
 * Something outside the program stands in the way: permissions, the kernel, an interface, a disk.
 * `message` says what was found, `help` the next step. Mistakes in a policy are diagnostics instead.
 */
export class EnvironmentError extends Error {
  readonly code: ErrorCode;
  readonly help: string | undefined;

  constructor(code: ErrorCode, message: string, options: { readonly help?: string; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'EnvironmentError';
    this.code = code;
    this.help = options.help;
  }

  /** Of a command that ends with it. */
  get exitCode(): 1 | 2 {
    return ERRORS[this.code].exit;
  }
}
