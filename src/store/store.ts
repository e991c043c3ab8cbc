/**
 * Stored policies and which one is assigned.
 *
 *   <state>/policies/<name>/<version>/policy.yaml   as the user wrote it
 *                                     files.json    address set files it names -> their copies beside it
 *                                     set-0 ...
 *   <state>/assigned.json
 *
 * Every write is atomic and durable; a version is never changed once it is there.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EnvironmentError } from '../base/environment-error.ts';
import { removeDurably, removeFolderDurably, writeDurably, writeFolderDurably } from './durable.ts';
import { lockStore } from './lock.ts';

/** What a policy was read from: everything needed to read it again. */
export interface PolicyText {
  readonly text: string;
  /** Contents of the address set files, by the path the text gives. */
  readonly setFiles: ReadonlyMap<string, Uint8Array>;
}

export interface Assignment {
  readonly policy: string;
  readonly version: number;
  /** SHA-256 of the text and its set files, hex. */
  readonly hash: string;
  readonly interfaces: readonly string[];
  readonly mode: 'native' | 'generic' | 'auto';
  /** ISO 8601, UTC. */
  readonly at: string;
}

export class PolicyStore {
  readonly directory: string;

  constructor(directory: string = process.env['XDPOL_STATE_DIR'] ?? '/var/lib/xdpol') {
    this.directory = directory;
  }

  /** Taken before any change; see lockStore. */
  lock(): Disposable {
    return failing(this.directory, () => lockStore(this.directory));
  }

  /** The newest version, or undefined where no such policy is stored. */
  read(name: string): (PolicyText & { readonly version: number }) | undefined {
    const version = this.#versions(name).at(-1);
    if (version === undefined) return undefined;
    const folder = join(this.#folder(name), String(version));
    return failing(folder, () => {
      const names = JSON.parse(readFileSync(join(folder, 'files.json'), 'utf8')) as Record<string, string>;
      const setFiles = new Map(Object.entries(names).map(([path, copy]) => [path, readFileSync(join(folder, copy))]));
      return { text: readFileSync(join(folder, 'policy.yaml'), 'utf8'), setFiles, version };
    });
  }

  /** Stores a new version, unless the newest is the same; returns its number. */
  write(name: string, policy: PolicyText): number {
    const newest = this.read(name);
    if (newest !== undefined && sameText(newest, policy)) return newest.version;
    const version = (newest?.version ?? 0) + 1;
    const encoder = new TextEncoder();
    const copies = [...policy.setFiles.keys()].map((path, i) => [path, `set-${i}`] as const);
    const files = new Map<string, Uint8Array>([
      ['policy.yaml', encoder.encode(policy.text)],
      ['files.json', encoder.encode(JSON.stringify(Object.fromEntries(copies)))],
    ]);
    for (const [path, copy] of copies) files.set(copy, policy.setFiles.get(path) ?? new Uint8Array(0));
    failing(this.directory, () => {
      mkdirSync(this.#folder(name), { recursive: true, mode: 0o700 });
      writeFolderDurably(join(this.#folder(name), String(version)), files);
    });
    return version;
  }

  /** Every version of it. It must not be assigned. False where no such policy is stored. */
  delete(name: string): boolean {
    const folder = this.#folder(name);
    if (!existsSync(folder)) return false;
    failing(folder, () => removeFolderDurably(folder));
    return true;
  }

  /** Names of stored policies, sorted. */
  list(): string[] {
    const folder = join(this.directory, 'policies');
    if (!existsSync(folder)) return [];
    return readdirSync(folder).map(decodeURIComponent).sort();
  }

  assignment(): Assignment | undefined {
    const path = this.#assignedPath();
    if (!existsSync(path)) return undefined;
    return failing(path, () => JSON.parse(readFileSync(path, 'utf8')) as Assignment);
  }

  assign(assignment: Assignment): void {
    const content = new TextEncoder().encode(`${JSON.stringify(assignment, null, 2)}\n`);
    failing(this.directory, () => writeDurably(this.#assignedPath(), content));
  }

  unassign(): void {
    if (existsSync(this.#assignedPath())) failing(this.directory, () => removeDurably(this.#assignedPath()));
  }

  #assignedPath(): string {
    return join(this.directory, 'assigned.json');
  }

  /** A name is free text: encoded, and never `.` or `..`. */
  #folder(name: string): string {
    return join(this.directory, 'policies', encodeURIComponent(name).replaceAll('.', '%2E'));
  }

  #versions(name: string): number[] {
    const folder = this.#folder(name);
    if (!existsSync(folder)) return [];
    return readdirSync(folder)
      .filter((entry) => /^\d+$/u.test(entry))
      .map(Number)
      .sort((a, b) => a - b);
  }
}

function sameText(a: PolicyText, b: PolicyText): boolean {
  if (a.text !== b.text || a.setFiles.size !== b.setFiles.size) return false;
  return [...a.setFiles].every(([path, bytes]) => Buffer.compare(bytes, b.setFiles.get(path) ?? Buffer.alloc(0)) === 0);
}

/** File errors say which store and what to do. */
function failing<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof EnvironmentError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    const cause = code ?? (error instanceof Error ? error.message : String(error));
    throw new EnvironmentError(`the policy store ${path} cannot be used: ${cause}`, {
      help: 'run as root, or set XDPOL_STATE_DIR to a folder that can be written',
      cause: error,
    });
  }
}
