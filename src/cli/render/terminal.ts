/** The one place that writes to a terminal: results on stdout, everything else on stderr. */
import { createInterface } from 'node:readline/promises';
import type { Diagnostic } from '../../base/diagnostics.ts';
import type { Omitted } from '../../compiler/analysis/warnings.ts';
import type { OperationEvent, Report } from '../../host/context.ts';
import { renderDiagnostics } from './diagnostics.ts';
import { renderFindings } from './findings.ts';
import { ProgressLine } from './progress-line.ts';

/** Has stdout gone? */
let isBroken = false;

/** Is stdout for JSON alone? What is done goes to stderr then. */
let isForJson = false;

export function keepStdoutForJson(): void {
  isForJson = true;
}

/** Characters that turn the direction of what follows: in a name they would make a line read as another one. */
const DIRECTION_CONTROLS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

function write(stream: NodeJS.WriteStream, text: string): void {
  const shown = stream.isTTY ? text.replaceAll(DIRECTION_CONTROLS, '\ufffd') : text;
  stream.write(shown.endsWith('\n') ? shown : `${shown}\n`);
}

export function print(text: string): void {
  if (!isBroken) write(process.stdout, text);
}

/** Stdout, for bytes. */
export function byteOutput(): NodeJS.WritableStream {
  return process.stdout;
}

/** Is stdout a terminal? */
export function printsOnTerminal(): boolean {
  return process.stdout.isTTY;
}

/** One JSON document on one line. u64 counts become numbers: exact up to 2^53. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, (_, v: unknown) => (typeof v === 'bigint' ? Number(v) : v)));
}

export function warn(text: string): void {
  write(process.stderr, text);
}

export function warnAll(notes: readonly string[]): void {
  for (const note of notes) warn(`note: ${note}`);
}

function useColor(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY && process.env['NO_COLOR'] === undefined;
}

/** Is stderr a terminal? */
export function warnsOnTerminal(): boolean {
  return process.stderr.isTTY;
}

/** On stdout. */
export function usesColor(): boolean {
  return useColor(process.stdout);
}

/** On stderr. */
export function warnsInColor(): boolean {
  return useColor(process.stderr);
}

export function printDiagnostics(diags: readonly Diagnostic[]): void {
  if (diags.length > 0) warn(renderDiagnostics(diags, { color: warnsInColor() }));
}

/** With those of the analysis by code. */
export function printFindings(diags: readonly Diagnostic[], omitted: readonly Omitted[]): void {
  if (diags.length > 0) warn(renderFindings(diags, omitted, { color: warnsInColor() }));
}

/** Before a table that takes the place of the last one; nothing where the output is not a terminal. */
export function clearScreen(): void {
  if (process.stdout.isTTY) process.stdout.write('\u001b[H\u001b[2J');
}

/** Of stderr. */
export function openProgressLine(): ProgressLine {
  return new ProgressLine(process.stderr);
}

/** Shows what an operation reports, as it comes. */
export function showEvents(): Report {
  let line: ProgressLine | undefined;
  return (event: OperationEvent) => {
    if (event.kind === 'progress') {
      line ??= openProgressLine();
      line.show(event.what, event.share);
      if (event.share < 1) return;
    }
    line?.clear();
    line = undefined;
    if (event.kind === 'step') (isForJson ? warn : print)(event.text);
    if (event.kind === 'warning') warn(`warning: ${event.text}`);
  };
}

/**
 * What becomes of a program whose output cannot be written. A reader that goes away (`| head`) is not an error; a full
 * disk is. One that changes something goes on without output.
 */
export function endWithoutOutput(program: string, isChange: boolean): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    const isError = error.code !== 'EPIPE';
    if (isError && !isBroken) warn(`${program}: error: the output cannot be written: ${error.code ?? error.message}`);
    isBroken = true;
    if (isError) process.exitCode = 1;
    if (!isChange) process.exit(isError ? 1 : 0);
  });
  // Without stderr nobody can be told.
  process.stderr.on('error', () => undefined);
}

/** Asks on stderr and reads one line of stdin; empty where the input ends. */
export async function promptOnTerminal(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await new Promise<string>((resolve) => {
    // At the end of the input the prompt has no line of its own yet.
    terminal.once('close', () => resolve('\n'));
    void terminal.question(question).then(resolve, () => resolve(''));
  });
  terminal.close();
  if (answer === '\n') warn(answer);
  return answer;
}
