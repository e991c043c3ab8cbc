/**
 * Something outside the program stands in the way: permissions, the kernel, an interface, a disk.
 * `message` says what was found, `help` the next step. Mistakes in a policy are diagnostics instead.
 */
export class EnvironmentError extends Error {
  readonly help: string | undefined;

  constructor(message: string, options: { readonly help?: string; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'EnvironmentError';
    this.help = options.help;
  }
}
