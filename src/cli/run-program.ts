/** What the programs have in common: what went wrong becomes a message and an exit code. */
import { CommanderError } from 'commander';
import { EnvironmentError } from '../base/environment-error.ts';
import { PolicyRejected } from '../base/policy-rejected.ts';
import { CheckFailed, EXIT, UsageError } from './exit.ts';
import { endQuietlyWithoutReader, printDiagnostics, warn } from './render/terminal.ts';

function report(program: string, message: string, help: string | undefined): void {
  warn(`${program}: error: ${message}`);
  if (help !== undefined) warn(`  help: ${help}`);
}

async function exitCodeOf(program: string, error: unknown): Promise<number> {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof CheckFailed) return EXIT.policy;
  if (error instanceof PolicyRejected) {
    printDiagnostics(error.diagnostics);
    return EXIT.policy;
  }
  if (error instanceof UsageError) {
    report(program, error.message, error.help);
    return EXIT.usage;
  }
  if (error instanceof EnvironmentError) {
    report(program, error.message, error.help);
    return error.exitCode;
  }
  const { explainFailure } = await import('../engine/failure.ts');
  const explained = explainFailure(error);
  if (explained !== error) return exitCodeOf(program, explained);
  const { code } = error as NodeJS.ErrnoException;
  if (code !== undefined) {
    report(program, (error as Error).message, undefined);
    return EXIT.environment;
  }
  throw error;
}

/** Runs a program to its end; its exit code is the process's. */
export async function runProgram(program: string, run: () => Promise<void>): Promise<void> {
  endQuietlyWithoutReader(() => process.exit(EXIT.ok));
  try {
    await run();
  } catch (error) {
    process.exitCode = await exitCodeOf(program, error);
  }
}
