/**
 * Runs verbs of the built program one after another in one process: node and the code are warm, which saves a fifth of a
 * second of each. Each verb gets the program evaluated anew, so that modules have no state of the verb before.
 *
 *   verb-server REQUESTS ANSWERS    two FIFOs; a line of JSON for each verb, see `VerbRequest` and `VerbAnswer`
 */
import { createReadStream, openSync, readFileSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import type { ScriptOptions } from 'node:vm';
import { Script } from 'node:vm';
import type { VerbAnswer, VerbRequest } from './warm-verbs.ts';

type Require = (name: string) => unknown;

const scripts = new Map<string, Script>();
const files = new Map<string, string | Buffer>();

/** What the launcher asks for, without reading and compiling the program again. */
function requireWarm(launcher: string): Require {
  const require = createRequire(launcher);
  const fs = require('node:fs') as typeof import('node:fs');
  const program = `${dirname(dirname(launcher))}${sep}program${sep}`;
  const readWarm = (path: string, encoding?: BufferEncoding): string | Buffer => {
    if (typeof path !== 'string' || !path.startsWith(program)) return readFileSync(path, encoding);
    const known = files.get(path) ?? readFileSync(path, encoding);
    files.set(path, known);
    return known;
  };
  const warmFs = { ...fs, readFileSync: readWarm };
  function WarmScript(text: string, options: ScriptOptions & { readonly filename: string }): Script {
    const known = scripts.get(options.filename) ?? new Script(text, options);
    scripts.set(options.filename, known);
    return known;
  }
  const replaced: Readonly<Record<string, unknown>> = { 'node:fs': warmFs, 'node:vm': { Script: WarmScript } };
  return (name) => replaced[name] ?? (require(name) as unknown);
}

/** Takes the place of stdout or stderr. */
function collectInto(parts: Buffer[]): Writable {
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      parts.push(Buffer.from(chunk));
      done();
    },
  });
}

function replaceStream(name: 'stdout' | 'stderr', parts: Buffer[]): void {
  Object.defineProperty(process, name, { value: collectInto(parts), configurable: true, writable: true });
}

function replaceEnvironment(env: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(process.env)) Reflect.deleteProperty(process.env, name);
  Object.assign(process.env, env);
}

/** Evaluates the launcher; its last statement starts the program and has the value of its module. */
async function runLauncher(launcher: string): Promise<void> {
  const text = readFileSync(launcher, 'utf8').replace(/^#!.*/u, '');
  const evaluate = new Function('require', '__dirname', 'text', 'return eval(text)') as (
    require: Require,
    folder: string,
    text: string,
  ) => { readonly ended: Promise<void> };
  await evaluate(requireWarm(launcher), dirname(launcher), text).ended;
}

async function answer({ argv, env, cwd }: VerbRequest): Promise<VerbAnswer> {
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
  replaceStream('stdout', stdout);
  replaceStream('stderr', stderr);
  replaceEnvironment(env);
  process.chdir(cwd);
  process.argv = [process.execPath, ...argv];
  process.exitCode = 0;
  try {
    await runLauncher(argv[0] ?? '');
  } catch (error) {
    stderr.push(Buffer.from(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`));
    process.exitCode = 1;
  }
  const status = Number(process.exitCode);
  process.exitCode = 0;
  return { status, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() };
}

const [, , requests = '', answers = ''] = process.argv;
const output = openSync(answers, 'w');
for await (const line of createInterface({ input: createReadStream(requests) }))
  writeSync(output, `${JSON.stringify(await answer(JSON.parse(line) as VerbRequest))}\n`);
