/**
 * Stored policies and which one is assigned.
 *
 *   <state>/format                                  the number of this layout
 *   <state>/policies/<name>/<version>/policy.yaml   as the user wrote it
 *                                     version.json  who, when, hash; address set files -> their copies
 *                                     set-0 ...
 *   <state>/assigned.json, unassigned.json          the assignment, or the last one that ended
 *   <state>/agent, dynamic.json                     see dynamic-rules.ts
 *   <state>/cache/                                  compiled forms: see cli/compiled-cache.ts
 *
 * Every write is atomic and durable; a version is never changed once it is there. What is found
 * damaged is renamed to <name>.damaged-<time>, reported, and never looked at again.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EnvironmentError } from '../base/environment-error.ts';
import type { Assignment } from './assignment.ts';
import { decodeAssignment, encodeAssignment } from './assignment.ts';
import { DurableFiles, isLeftover, SET_ASIDE } from './durable.ts';
import { DynamicRuleStore } from './dynamic-rules.ts';
import { failing } from './failing.ts';
import type { FileSystem } from './file-system.ts';
import { lockStore } from './lock.ts';
import type { Damaged, PolicyText, StoredVersion, VersionRecord } from './version.ts';
import { currentUser, filesOf, hashOfPolicy, readRecord, readVersion } from './version.ts';

export type { Assignment } from './assignment.ts';
export type { DynamicRule, DynamicRules } from './dynamic-rules.ts';
export { DYNAMIC_POLICY } from './dynamic-rules.ts';
export type { PolicyText, StoredVersion, VersionRecord } from './version.ts';
export { hashOfPolicy } from './version.ts';

const FORMAT = 1;
/** Versions of a policy that are kept; the assigned one is kept besides. */
export const VERSIONS_KEPT = 10;
const VERSION = /^\d+$/u;
/** A version, whole or set aside: its number is not given again. */
const NUMBERED = /^(?<number>\d+)(?:\.damaged-|$)/u;

export interface StoreOptions {
  readonly fileSystem?: FileSystem;
  /** Takes one line about damage that does not end the command. */
  readonly report?: (line: string) => void;
}

export class PolicyStore {
  readonly directory: string;
  readonly dynamic: DynamicRuleStore;
  readonly #files: DurableFiles;
  readonly #report: (line: string) => void;

  constructor(
    directory: string = process.env['XDPOL_STATE_DIR'] ?? '/var/lib/xdpol',
    { fileSystem, report = (line) => process.stderr.write(`warning: ${line}\n`) }: StoreOptions = {},
  ) {
    this.directory = directory;
    this.#files = new DurableFiles(fileSystem);
    this.#report = report;
    this.dynamic = new DynamicRuleStore(directory, this.#files, report);
  }

  /** Taken before any change; see lockStore. */
  lock(patience?: number): Disposable {
    return failing(this.directory, () => {
      this.#requireFormat();
      const lock = lockStore(this.directory, patience);
      this.#sweep();
      return lock;
    });
  }

  /** A version, else the newest; undefined where it is not stored. Throws where it is damaged, and sets it aside. */
  read(name: string, version?: number): StoredVersion | undefined {
    return failing(this.directory, () => {
      this.#requireFormat();
      const number = version ?? this.#numbers(name).at(-1);
      if (number === undefined) return undefined;
      const found = this.#readTwice(name, number);
      if (found === undefined || !('damage' in found)) return found;
      throw this.#damagedVersion(name, number, found.damage);
    });
  }

  /** Every version that is whole enough to have a record, oldest first. */
  versions(name: string): readonly VersionRecord[] {
    return failing(this.directory, () => {
      this.#requireFormat();
      const records = this.#numbers(name).map((number) => readRecord(this.#version(name, number), number));
      return records.filter((record): record is VersionRecord => !('damage' in record));
    });
  }

  /** Stores a new version, unless the newest is the same; returns its number. Older ones than the last ten go. */
  write(name: string, policy: PolicyText): number {
    return failing(this.directory, () => {
      this.#requireFormat();
      const hash = hashOfPolicy(policy);
      const newest = this.#newestWhole(name);
      if (newest?.hash === hash) return newest.version;
      const version = this.#nextNumber(name);
      const record = { who: currentUser(), at: new Date().toISOString(), hash };
      this.#writeFormat();
      this.#files.makeFolder(this.#folder(name));
      this.#files.writeFolder(this.#version(name, version), filesOf(policy, record));
      this.#prune(name, version);
      return version;
    });
  }

  /** Names of stored policies, sorted. */
  list(): string[] {
    return failing(this.directory, () => {
      this.#requireFormat();
      const folders = entries(join(this.directory, 'policies')).filter((entry) => !entry.includes('.'));
      return folders
        .map(decodeURIComponent)
        .filter((name) => this.#numbers(name).length > 0)
        .sort();
    });
  }

  /** Removes every version and what was compiled of them. Throws while the policy is assigned. */
  delete(name: string): void {
    failing(this.directory, () => {
      if (this.assignment()?.policy === name) {
        throw new EnvironmentError('XDPOL_E_ASSIGNED', `${name} is assigned, so it cannot be deleted`, {
          help: 'end it first: xdpol unassign; or put another policy in its place: xdpol assign NAME',
        });
      }
      const hashes = this.versions(name).map((record) => record.hash);
      if (existsSync(this.#folder(name))) this.#files.remove(this.#folder(name));
      this.#forgetCompiled(hashes);
      if (this.#lastPath() !== undefined && this.lastAssignment()?.policy === name)
        this.#files.remove(this.#endedPath());
    });
  }

  assignment(): Assignment | undefined {
    return this.#readAssignment(this.#assignedPath());
  }

  /** The assignment, or the last one that ended. */
  lastAssignment(): Assignment | undefined {
    const path = this.#lastPath();
    return path === undefined ? undefined : this.#readAssignment(path);
  }

  assign(assignment: Assignment): void {
    failing(this.directory, () => {
      this.#writeFormat();
      this.#files.write(this.#assignedPath(), encodeAssignment(assignment));
    });
  }

  unassign(): void {
    if (!existsSync(this.#assignedPath())) return;
    failing(this.directory, () => this.#files.rename(this.#assignedPath(), this.#endedPath()));
  }

  /** Paths of everything that was ever set aside and is still there. */
  setAside(): readonly string[] {
    const policies = join(this.directory, 'policies');
    const folders = [this.directory, ...entries(policies).map((name) => join(policies, name))];
    return folders.flatMap((folder) =>
      entries(folder)
        .filter((entry) => entry.includes(SET_ASIDE))
        .map((entry) => join(folder, entry)),
    );
  }

  #readAssignment(path: string): Assignment | undefined {
    return failing(path, () => {
      this.#requireFormat();
      if (!existsSync(path)) return undefined;
      const assignment = decodeAssignment(readFileSync(path, 'utf8'));
      if (assignment !== undefined) return assignment;
      const stored = this.list().join(', ') || 'none';
      throw new EnvironmentError(
        'XDPOL_E_DAMAGED',
        `the policy store ${path} cannot be used: it is damaged, ${this.#files.setAside(path)}`,
        {
          help: `what is in force stays in force; assign it again: xdpol assign NAME -i INTERFACE; stored are: ${stored}`,
        },
      );
    });
  }

  /** Twice, because a command that deletes and stores anew may come between two files of one reading. */
  #readTwice(name: string, number: number): StoredVersion | Damaged | undefined {
    const folder = this.#version(name, number);
    const found = readVersion(folder, number);
    return found !== undefined && 'damage' in found ? readVersion(folder, number) : found;
  }

  #newestWhole(name: string): StoredVersion | undefined {
    for (const number of this.#numbers(name).toReversed()) {
      const found = this.#readTwice(name, number);
      if (found !== undefined && !('damage' in found)) return found;
      if (found !== undefined) this.#report(this.#damagedVersion(name, number, found.damage).message);
    }
    return undefined;
  }

  #damagedVersion(name: string, number: number, damage: string): EnvironmentError {
    const aside = this.#files.setAside(this.#version(name, number));
    const older = this.#numbers(name).findLast((other) => other < number);
    const help =
      older === undefined
        ? 'no older version is stored: apply the policy from its file again'
        : `an older version is stored: xdpol assign '${name}' --version ${older}`;
    return new EnvironmentError('XDPOL_E_DAMAGED', `version ${number} of ${name} is damaged (${damage}): ${aside}`, {
      help,
    });
  }

  /** A store that a newer xdpol wrote is not touched. */
  #requireFormat(): void {
    const path = join(this.directory, 'format');
    if (!existsSync(path)) return;
    const text = readFileSync(path, 'utf8').trim();
    if (text === String(FORMAT)) return;
    const newer = VERSION.test(text) && Number(text) > FORMAT;
    const what = newer ? `has format ${text}, this xdpol knows ${FORMAT}` : `has no readable format number in ${path}`;
    throw new EnvironmentError('XDPOL_E_STORE_FORMAT', `the policy store ${this.directory} ${what}`, {
      help: newer
        ? 'use the xdpol that wrote it, or set XDPOL_STATE_DIR to another folder; what is in force stays in force'
        : `if this xdpol wrote it: echo ${FORMAT} > ${path}`,
    });
  }

  #writeFormat(): void {
    const path = join(this.directory, 'format');
    if (existsSync(path)) return;
    this.#files.makeFolder(this.directory);
    this.#files.write(path, new TextEncoder().encode(`${FORMAT}\n`));
  }

  /** Compiled forms are named by the hash of the text; without them a policy is compiled anew. */
  #forgetCompiled(hashes: readonly string[]): void {
    const cache = join(this.directory, 'cache');
    const names = entries(cache).filter((name) => hashes.some((hash) => name.startsWith(hash)));
    for (const name of names) this.#files.sweep(join(cache, name));
  }

  /** What commands left that died. */
  #sweep(): void {
    for (const folder of [this.directory, join(this.directory, 'policies'), join(this.directory, 'cache')]) {
      const left = entries(folder).filter((entry) => isLeftover(entry));
      for (const entry of left) this.#files.sweep(join(folder, entry));
    }
  }

  #prune(name: string, newest: number): void {
    const assignment = decodeAssignment(readOr(this.#assignedPath(), ''));
    const assigned = assignment?.policy === name ? assignment.version : undefined;
    const isOld = (number: number): boolean => number <= newest - VERSIONS_KEPT && number !== assigned;
    const before = this.versions(name);
    for (const number of this.#numbers(name).filter(isOld)) this.#files.remove(this.#version(name, number));
    const kept = new Set(before.filter(({ version }) => !isOld(version)).map(({ hash }) => hash));
    this.#forgetCompiled(before.map(({ hash }) => hash).filter((hash) => !kept.has(hash)));
    const left = entries(this.#folder(name)).filter(isLeftover);
    for (const entry of left) this.#files.sweep(join(this.#folder(name), entry));
  }

  #assignedPath(): string {
    return join(this.directory, 'assigned.json');
  }

  #endedPath(): string {
    return join(this.directory, 'unassigned.json');
  }

  #lastPath(): string | undefined {
    return [this.#assignedPath(), this.#endedPath()].find((path) => existsSync(path));
  }

  /** A name is free text: encoded, and never `.` or `..`. */
  #folder(name: string): string {
    return join(this.directory, 'policies', encodeURIComponent(name).replaceAll('.', '%2E'));
  }

  #version(name: string, number: number): string {
    return join(this.#folder(name), String(number));
  }

  #numbers(name: string): number[] {
    const numbers = entries(this.#folder(name)).filter((entry) => VERSION.test(entry));
    return numbers.map(Number).sort((a, b) => a - b);
  }

  #nextNumber(name: string): number {
    const numbers = entries(this.#folder(name)).map((entry) => Number(NUMBERED.exec(entry)?.groups?.['number'] ?? 0));
    return Math.max(0, ...numbers) + 1;
  }
}

/** Names in a folder; none where it is not there. */
function entries(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

function readOr(path: string, otherwise: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : otherwise;
}
