/**
 * Stored policies and which one is assigned.
 *
 *   <state>/format                                  the number of this layout
 *   <state>/policies/<name>/<version>/policy.yaml   as the user wrote it
 *                                     version.json  who, when, hash; address set files -> their copies
 *                                     set-0 ...
 *   <state>/assigned.json ...                       the assignment: see assignment-files.ts
 *   <state>/tallies.json                            see tallies.ts
 *   <state>/changes.jsonl ...                       the audit log: see change-log.ts
 *   <state>/known-host.json                         what was known of the host last: see known-host.ts
 *   <state>/evidence.json                           what the agent has observed of the traffic: see evidence.ts
 *   <state>/fleet.json, fleet.copy.json             what was carried out of a fleet's orders: see fleet-orders.ts
 *   <state>/agent, dynamic.json, dynamic.copy.json  see dynamic-rules.ts
 *   <state>/live-sets/                              members of live sets: see live-set-files.ts, feed-states.ts
 *   <state>/cache/                                  compiled forms: see cli/compiled-cache.ts
 *
 * Every write is atomic and durable; a version is never changed once it is there. A version that is found damaged is
 * renamed to <name>.damaged-<time>, reported, and never looked at again.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { EnvironmentError } from '../base/environment-error.ts';
import type { Assignment } from './assignment.ts';
import { AssignmentFiles } from './assignment-files.ts';
import { ChangeLog } from './change-log.ts';
import { DurableFiles, isLeftover, SET_ASIDE } from './durable.ts';
import { DynamicRuleStore } from './dynamic-rules.ts';
import { EvidenceFile } from './evidence.ts';
import { FeedStates } from './feed-states.ts';
import type { FileSystem } from './file-system.ts';
import { isFolder, isThere, NODE_FILE_SYSTEM, readIfThere } from './file-system.ts';
import { FleetOrderFile } from './fleet-orders.ts';
import { KnownHostFile } from './known-host.ts';
import { LiveSetFiles } from './live-set-files.ts';
import { lockStore, releaseLockOfThread } from './lock.ts';
import { folderOfPolicy, isHashedFolder, nameOfFolder } from './policy-folder.ts';
import type { Damaged, PolicyText, StoredVersion, VersionRecord } from './stored-version.ts';
import { currentUser, filesOf, hashOfPolicy, policyOfRecord, readRecord, readVersion } from './stored-version.ts';
import { TallyFile } from './tallies.ts';
import { withStoreErrors } from './with-store-errors.ts';

export type { Assignment } from './assignment.ts';
export { decodeAssignment } from './assignment.ts';
export type { ChangeRecord, ChangeRecords, PolicyAt } from './change-log.ts';
export type { DynamicRule, DynamicRules } from './dynamic-rules.ts';
export { DYNAMIC_POLICY } from './dynamic-rules.ts';
export type {
  CountedEvidence,
  Evidence,
  EvidenceGap,
  EvidenceHour,
  FilterEvidence,
  GapKind,
  SourceEvidence,
  TrialEvidence,
  TrialFlow,
} from './evidence.ts';
export type { FeedState } from './feed-states.ts';
export { feedKey, NO_FEED_STATE } from './feed-states.ts';
export type { CarriedOrder, FailedOrder, FleetRecord } from './fleet-orders.ts';
export type { KnownAddresses, KnownHost, KnownInterface } from './known-host.ts';
export { NOTHING_KNOWN } from './known-host.ts';
export type { DeclaredSet, Member, SetCounts } from './live-set-files.ts';
export { MemberTable } from './live-set-files.ts';
export { LockHeld } from './lock.ts';
export type { PolicyText, StoredVersion, VersionRecord } from './stored-version.ts';
export { currentUser, hashOfPolicy } from './stored-version.ts';
export type { Happened, Tallies } from './tallies.ts';

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
  /** Who stores versions; else the user of this process. */
  readonly who?: string;
  /** Seconds to wait for the lock. */
  readonly patience?: number;
}

export interface AddedVersion {
  readonly version: number;
  /** False where the newest version was the same already. */
  readonly isNew: boolean;
}

export class PolicyStore {
  readonly directory: string;
  readonly dynamic: DynamicRuleStore;
  readonly knownHost: KnownHostFile;
  readonly tallies: TallyFile;
  readonly evidence: EvidenceFile;
  readonly changes: ChangeLog;
  readonly liveSets: LiveSetFiles;
  readonly feeds: FeedStates;
  readonly fleet: FleetOrderFile;
  readonly #fileSystem: FileSystem;
  readonly #who: string | undefined;
  readonly #patience: number | undefined;
  readonly #files: DurableFiles;
  readonly #assignments: AssignmentFiles;
  readonly #report: (line: string) => void;
  /** Lines that were reported: a daemon reads the same damage every second. */
  readonly #reported = new Set<string>();

  constructor(
    directory: string = process.env['XDPOL_STATE_DIR'] ?? '/var/lib/xdpol',
    { fileSystem = NODE_FILE_SYSTEM, report = () => undefined, who, patience }: StoreOptions = {},
  ) {
    this.directory = directory;
    this.#fileSystem = fileSystem;
    this.#who = who;
    this.#patience = patience;
    this.#report = (line) => {
      if (!this.#reported.has(line)) report(line);
      this.#reported.add(line);
    };
    this.#files = new DurableFiles(fileSystem, this.#report);
    this.#assignments = new AssignmentFiles(directory, this.#files, this.#report, () => this.list());
    this.dynamic = new DynamicRuleStore(directory, this.#files, this.#report);
    this.knownHost = new KnownHostFile(directory, this.#files, this.#report);
    this.tallies = new TallyFile(directory, this.#files);
    this.liveSets = new LiveSetFiles(directory, this.#files, this.#report);
    this.feeds = new FeedStates(directory, this.#files);
    this.evidence = new EvidenceFile(directory, this.#files, this.#report);
    this.fleet = new FleetOrderFile(directory, this.#files, this.#report);
    this.changes = new ChangeLog(directory, this.#files, () => this.lock(0));
  }

  /** Taken before any change of the store; see lockStore. What a crash or damage left is put in order. */
  lock(patience: number | undefined = this.#patience): Disposable {
    return withStoreErrors(this.directory, () => {
      this.#requireFormat();
      const lock = lockStore(this.directory, { patience, files: this.#fileSystem });
      try {
        this.#sweep();
        this.#mendFormat();
        this.#assignments.mend();
      } catch (error) {
        lock[Symbol.dispose]();
        throw error;
      }
      return lock;
    });
  }

  /** After a thread of this process ended that may have held it: no other one of it changes anything at the moment. */
  releaseLock(): void {
    withStoreErrors(this.directory, () => releaseLockOfThread(this.directory, this.#fileSystem));
  }

  /**
   * Of a change of members, which come by the thousand: without waiting for the disk, and without a look at what a crash
   * may have left. Throws LockHeld.
   */
  lockForMembers(patience: number | undefined = this.#patience): Disposable {
    return withStoreErrors(this.directory, () => {
      this.#requireFormat();
      return lockStore(this.directory, { patience, files: this.#fileSystem, isSynced: false });
    });
  }

  /**
   * For those who only read the store, and for the way out: the lock where the disk takes it, whatever format the store
   * has; else none, which is reported. Filtering matters more than a second command at the same time. Throws LockHeld.
   */
  lockIfPossible(patience: number | undefined = this.#patience): Disposable {
    try {
      return withStoreErrors(this.directory, () => lockStore(this.directory, { patience, files: this.#fileSystem }));
    } catch (error) {
      if (!(error instanceof EnvironmentError) || error.code !== 'XDPOL_E_STORE') throw error;
      this.#report(`${error.message}: going on without the lock`);
      return { [Symbol.dispose]: () => undefined };
    }
  }

  /** A version, else the newest; undefined where it is not stored. Throws where it is damaged, and sets it aside. */
  read(name: string, version?: number): StoredVersion | undefined {
    return withStoreErrors(this.directory, () => {
      this.#requireFormat();
      const number = version ?? this.#numbers(name).at(-1);
      if (number === undefined) return undefined;
      const found = this.#readTwice(name, number);
      if (found === undefined || !('damage' in found)) return found;
      throw this.#damagedVersion(name, number, found.damage);
    });
  }

  /** What is wrong with a version, in words; undefined where it is whole. Nothing is set aside. */
  damageOf(name: string, version: number): string | undefined {
    return withStoreErrors(this.directory, () => {
      const found = this.#readTwice(name, version);
      if (found === undefined) return 'it is not stored';
      return 'damage' in found ? found.damage : undefined;
    });
  }

  /** The version, or, where it is damaged or gone, the newest whole one before it; what is damaged is reported. */
  readThisOrEarlier(name: string, version: number): StoredVersion | undefined {
    return withStoreErrors(this.directory, () => {
      this.#requireFormat();
      return this.#newestWhole(name, version);
    });
  }

  /** Every version that is whole enough to have a record, oldest first. */
  versions(name: string): readonly VersionRecord[] {
    return withStoreErrors(this.directory, () => {
      this.#requireFormat();
      const records = this.#numbers(name).map((number) => readRecord(this.#version(name, number), number));
      return records.filter((record): record is VersionRecord => !('damage' in record));
    });
  }

  /** Stores a new version, unless the newest is the same; returns its number. Older ones than the last ten go. */
  write(name: string, policy: PolicyText): number {
    const { version, isNew } = this.add(name, policy);
    if (isNew) this.prune(name);
    return version;
  }

  /** The same, and the older ones stay until they are pruned. */
  add(name: string, policy: PolicyText): AddedVersion {
    return withStoreErrors(this.directory, () => {
      this.#requireFormat();
      const hash = hashOfPolicy(policy);
      const newest = this.#newestWhole(name);
      if (newest?.hash === hash) return { version: newest.version, isNew: false };
      const version = this.#nextNumber(name);
      const policyName = isHashedFolder(folderOfPolicy(name)) ? name : undefined;
      const record = { who: this.#who ?? currentUser(), at: new Date().toISOString(), hash, policy: policyName };
      this.#writeFormat();
      this.#files.makeSubfolder(join(this.directory, 'policies'));
      this.#files.makeSubfolder(this.#folder(name));
      try {
        this.#files.writeFolder(this.#version(name, version), filesOf(policy, record));
      } catch (error) {
        this.#removeIfEmpty(this.#folder(name));
        throw error;
      }
      return { version, isNew: true };
    });
  }

  /** Versions older than the last ten go; the assigned one stays. */
  prune(name: string): void {
    withStoreErrors(this.directory, () => {
      const newest = this.#numbers(name).at(-1);
      if (newest !== undefined) this.#prune(name, newest);
    });
  }

  /** A version that was added and came to nothing. */
  takeBack(name: string, version: number): void {
    withStoreErrors(this.directory, () => {
      this.#files.remove(this.#version(name, version));
      this.#removeIfEmpty(this.#folder(name));
    });
  }

  /** Runs `change` on an empty store inside this one's folder, which goes again: throws what writing would throw. */
  rehearse(change: (store: PolicyStore) => void): void {
    const directory = join(this.directory, `.rehearsal.${process.pid}.new`);
    withStoreErrors(this.directory, () => {
      try {
        change(new PolicyStore(directory, { fileSystem: this.#fileSystem, report: this.#report }));
      } catch (error) {
        throw error instanceof EnvironmentError && error.cause !== undefined ? error.cause : error;
      } finally {
        this.#files.sweep(directory);
      }
    });
  }

  /** Names of stored policies, sorted. */
  list(): string[] {
    return withStoreErrors(this.directory, () => {
      this.#requireFormat();
      const folders = entries(join(this.directory, 'policies')).filter((entry) => !entry.includes('.'));
      return folders
        .flatMap((folder) => nameOfFolder(folder) ?? this.#recordedName(folder) ?? [])
        .filter((name) => this.#numbers(name).length > 0)
        .sort();
    });
  }

  /** Removes every version and what was compiled of them. Throws while the policy is assigned. */
  delete(name: string): void {
    withStoreErrors(this.directory, () => {
      if (this.assignment()?.policy === name) {
        throw new EnvironmentError('XDPOL_E_ASSIGNED', `${name} is assigned, so it cannot be deleted`, {
          help: 'end it first: xdpol unassign; or put another policy in its place: xdpol assign NAME',
        });
      }
      const hashes = this.versions(name).map((record) => record.hash);
      if (isThere(this.#folder(name))) this.#files.remove(this.#folder(name));
      this.#forgetCompiled(hashes);
      if (this.lastAssignment()?.policy === name) this.#assignments.forgetLast();
    });
  }

  /** Throws where it cannot be known. */
  assignment(): Assignment | undefined {
    return withStoreErrors(this.directory, () => {
      this.#requireFormat();
      return this.#assignments.current();
    });
  }

  /** The assignment, or the last one that ended. */
  lastAssignment(): Assignment | undefined {
    return withStoreErrors(this.directory, () => {
      this.#requireFormat();
      return this.#assignments.last();
    });
  }

  assign(assignment: Assignment): void {
    withStoreErrors(this.directory, () => {
      this.#writeFormat();
      this.#assignments.write(assignment);
    });
  }

  unassign(): void {
    withStoreErrors(this.directory, () => {
      this.#requireFormat();
      this.#assignments.end();
    });
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

  #removeIfEmpty(folder: string): void {
    if (entries(folder).length === 0) this.#files.sweep(folder);
  }

  /** Twice, because a command that deletes and stores anew may come between two files of one reading. */
  #readTwice(name: string, number: number): StoredVersion | Damaged | undefined {
    const folder = this.#version(name, number);
    const found = readVersion(folder, number);
    return found !== undefined && 'damage' in found ? readVersion(folder, number) : found;
  }

  #newestWhole(name: string, upTo: number = Number.MAX_SAFE_INTEGER): StoredVersion | undefined {
    const numbers = this.#numbers(name).filter((number) => number <= upTo);
    for (const number of numbers.toReversed()) {
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

  /** A store that a newer xdpol wrote is not touched. A number that cannot be read is taken for ours. */
  #requireFormat(): void {
    const text = readIfThere(this.#formatPath())?.trim();
    if (text === undefined || text === String(FORMAT)) return;
    if (!VERSION.test(text) || Number(text) < FORMAT) {
      this.#report(`${this.#formatPath()} is damaged: the store is taken for one of format ${FORMAT}`);
      return;
    }
    throw new EnvironmentError(
      'XDPOL_E_STORE_FORMAT',
      `the policy store ${this.directory} has format ${text}, this xdpol knows ${FORMAT}`,
      {
        help: 'use the xdpol that wrote it, or set XDPOL_STATE_DIR to another folder; what is in force stays in force',
      },
    );
  }

  #writeFormat(): void {
    if (!isThere(this.#formatPath())) this.#writeFormatAnew();
  }

  #mendFormat(): void {
    const text = readIfThere(this.#formatPath());
    if (text !== undefined && text.trim() !== String(FORMAT)) this.#writeFormatAnew();
  }

  #writeFormatAnew(): void {
    this.#files.makeFolder(this.directory);
    this.#files.write(this.#formatPath(), new TextEncoder().encode(`${FORMAT}\n`));
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
    const assigned = this.#assignedVersion(name);
    if (assigned === 'unknown') return;
    const isOld = (number: number): boolean => number <= newest - VERSIONS_KEPT && number !== assigned;
    const before = this.versions(name);
    for (const number of this.#numbers(name).filter(isOld)) this.#files.remove(this.#version(name, number));
    const kept = new Set(before.filter(({ version }) => !isOld(version)).map(({ hash }) => hash));
    this.#forgetCompiled(before.map(({ hash }) => hash).filter((hash) => !kept.has(hash)));
    const left = entries(this.#folder(name)).filter(isLeftover);
    for (const entry of left) this.#files.sweep(join(this.#folder(name), entry));
  }

  /** `unknown` where the assignment is damaged: it may be any. */
  #assignedVersion(name: string): number | 'unknown' | undefined {
    try {
      const assignment = this.#assignments.current();
      return assignment?.policy === name ? assignment.version : undefined;
    } catch (error) {
      if (error instanceof EnvironmentError) return 'unknown';
      throw error;
    }
  }

  #formatPath(): string {
    return join(this.directory, 'format');
  }

  #folder(name: string): string {
    return join(this.directory, 'policies', folderOfPolicy(name));
  }

  /** Of a folder whose name is a hash: by its versions. undefined where none of them is whole. */
  #recordedName(folder: string): string | undefined {
    if (!isHashedFolder(folder)) return undefined;
    const path = join(this.directory, 'policies', folder);
    const versions = entries(path).filter((entry) => VERSION.test(entry));
    return versions.map((version) => policyOfRecord(join(path, version))).find((name) => name !== undefined);
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

/** Names in a folder; none where it is not there, or is none. */
function entries(folder: string): string[] {
  return isFolder(folder) ? readdirSync(folder) : [];
}
