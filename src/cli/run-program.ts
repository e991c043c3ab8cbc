/** What the programs have in common: what went wrong becomes a message and an exit code. */
import { CommanderError } from 'commander';
import { EnvironmentError } from '../base/environment-error.ts';
import { PolicyRejected } from '../base/policy-rejected.ts';
import type { ExitCode } from './exit.ts';
import { CheckFailed, EXIT, UsageError } from './exit.ts';
import { asksForJson, printJsonError } from './render/json.ts';
import { endWithoutOutput, printDiagnostics, warn } from './render/terminal.ts';
import { changesSomething } from './verb-of.ts';

/** What is printed of an error. */
type FailureText = Error & { readonly help?: string | undefined };

function printMessage(program: string, { message, help }: FailureText): void {
  warn(`${program}: error: ${message}`);
  if (help !== undefined) warn(`  help: ${help}`);
}

/** Prints what went wrong, for people on stderr and as JSON where that is asked for. */
function printError(program: string, error: FailureText, exitCode: ExitCode): ExitCode {
  if (error instanceof PolicyRejected) printDiagnostics(error.diagnostics);
  else if (!(error instanceof CommanderError)) printMessage(program, error);
  else if (error.message.includes("unknown option '--host'"))
    warn(`write it before the verb: ${program} --host NAME VERB`);
  if (asksForJson(process.argv)) printJsonError(error, exitCode);
  return exitCode;
}

async function exitCodeOf(program: string, error: unknown): Promise<ExitCode> {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : printError(program, error, EXIT.usage);
  if (error instanceof CheckFailed) return EXIT.policy;
  if (error instanceof PolicyRejected) return printError(program, error, EXIT.policy);
  if (error instanceof UsageError) return printError(program, error, EXIT.usage);
  if (error instanceof EnvironmentError) return printError(program, error, error.exitCode);
  const { explainFailure } = await import('../engine/failure.ts');
  const explained = explainFailure(error);
  if (explained !== error) return await exitCodeOf(program, explained);
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) throw error;
  const isForbidden = code === 'EACCES' || code === 'EPERM';
  const help = isForbidden ? 'run the same command as the owner of the path, or with sudo' : undefined;
  return printError(program, Object.assign(error as Error, { help }), EXIT.environment);
}

/** Runs a program to its end; its exit code is the process's. */
export async function runProgram(program: string, run: () => Promise<void>): Promise<void> {
  const isChange = program === 'ipsecpol' || changesSomething(process.argv.slice(2));
  endWithoutOutput(program, isChange);
  try {
    await run();
  } catch (error) {
    process.exitCode = await exitCodeOf(program, error);
  }
}
