/**
 * The configuration of this host: /etc/xdpol/config.yaml, or the file that XDPOL_CONFIG names. A host without the file
 * has every default.
 */
import { statSync } from 'node:fs';
import type { Diagnostic } from '../base/diagnostics.ts';
import { Diagnostics } from '../base/diagnostics.ts';
import { EnvironmentError } from '../base/environment-error.ts';
import { sizeText } from '../formats/named-file.ts';
import type { HostConfig } from '../formats/yaml/config-reader.ts';
import { DEFAULT_CONFIG, readConfig } from '../formats/yaml/config-reader.ts';
import { readInput } from './read-regular-file.ts';

export type { BootMode, HostConfig } from '../formats/yaml/config-reader.ts';
export { DEFAULT_CONFIG } from '../formats/yaml/config-reader.ts';

const DEFAULT_PATH = '/etc/xdpol/config.yaml';
/** Bytes. An administrator writes a few hundred. */
const MAX_SIZE = 1 << 20;

export function configPath(): string {
  const named = process.env['XDPOL_CONFIG'];
  return named === undefined || named === '' ? DEFAULT_PATH : named;
}

export interface ConfigReading {
  readonly path: string;
  /** With the default in the place of every part that is wrong. */
  readonly config: HostConfig;
  readonly diagnostics: readonly Diagnostic[];
  /** Why the file could not be read at all. */
  readonly problem: ConfigRejected | undefined;
}

/** The file has errors, or cannot be read. */
export class ConfigRejected extends EnvironmentError {
  readonly diagnostics: readonly Diagnostic[];

  constructor(message: string, help: string, diagnostics: readonly Diagnostic[] = []) {
    super('XDPOL_E_CONFIG', message, { help });
    this.name = 'ConfigRejected';
    this.diagnostics = diagnostics;
  }
}

/** For whoever goes on with what can be read: the boot, the agent, doctor. */
export function readHostConfig(path: string = configPath()): ConfigReading {
  const diags = new Diagnostics();
  try {
    return { path, config: readConfig(path, textOf(path), diags), diagnostics: diags.all, problem: undefined };
  } catch (error) {
    if (!(error instanceof ConfigRejected)) throw error;
    return { path, config: DEFAULT_CONFIG, diagnostics: [], problem: error };
  }
}

/** What is wrong with the configuration, a line each. */
export function describeProblems({ diagnostics, problem }: ConfigReading): readonly string[] {
  const lines = diagnostics.map(({ span, message }) => `${span.file}:${span.line}:${span.column}: ${message}`);
  return problem === undefined ? lines : [problem.message, ...lines];
}

/** For every verb that depends on it: throws ConfigRejected where anything in the file is wrong. */
export function requireHostConfig(path: string = configPath()): HostConfig {
  const { config, diagnostics, problem } = readHostConfig(path);
  if (problem !== undefined) throw problem;
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  if (first === undefined) return config;
  const more = errors.length === 1 ? '' : ` (and ${errors.length - 1} more)`;
  const where = `${path}:${first.span.line}:${first.span.column}`;
  throw new ConfigRejected(
    `${where}: ${first.message}${more}`,
    first.help ?? `correct the configuration: xdpol doctor shows everything that is wrong in ${path}`,
    diagnostics,
  );
}

function textOf(path: string): string {
  const read = isPipe(path) ? { error: 'it is a FIFO, and no file' } : readInput(path, MAX_SIZE);
  if (read instanceof Uint8Array) return new TextDecoder().decode(read);
  if (read.error === 'ENOENT' && process.env['XDPOL_CONFIG'] !== path) return '';
  throw new ConfigRejected(
    `cannot read the configuration ${path}: ${read.error}`,
    `make it a readable YAML file of at most ${sizeText(MAX_SIZE)}, or remove it for the defaults: see docs/configuration.md`,
  );
}

/** A verb reads the file more than once, which a pipe cannot be; and without a writer, reading it would never end. */
function isPipe(path: string): boolean {
  try {
    return statSync(path).isFIFO();
  } catch {
    return false;
  }
}
