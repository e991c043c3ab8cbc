/** One version of a policy: a folder that is never changed once it is there, and proves that it was not. */
import { createHash } from 'node:crypto';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { isThere, readBytesIfThere, readIfThere } from './file-system.ts';
import { parseJson } from './json-fields.ts';

/** What a policy was read from: everything needed to read it again. */
export interface PolicyText {
  readonly text: string;
  /** Contents of the address set files, by the path the text gives. */
  readonly setFiles: ReadonlyMap<string, Uint8Array>;
}

export interface VersionRecord {
  readonly version: number;
  /** The login that stored it, behind sudo too. */
  readonly who: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** Of the text and its set files: see hashOfPolicy. */
  readonly hash: string;
}

export interface StoredVersion extends PolicyText, VersionRecord {}

const RECORD = 'version.json';
const TEXT = 'policy.yaml';

interface RecordFile extends Omit<VersionRecord, 'version'> {
  /** Of the policy, where the name of the folder does not say it. */
  readonly policy?: string | undefined;
  /** Path as the text gives it, and the name of its copy. */
  readonly files: readonly (readonly [path: string, copy: string])[];
}

/** SHA-256 of the text and its set files, hex; the order of the files does not matter. */
export function hashOfPolicy({ text, setFiles }: PolicyText): string {
  const hash = createHash('sha256').update(text);
  const sorted = [...setFiles].sort(([a], [b]) => (a < b ? -1 : Number(a > b)));
  for (const [path, content] of sorted) hash.update(`\0${path}\0`).update(content);
  return hash.digest('hex');
}

export function currentUser(): string {
  const { SUDO_USER: behindSudo, USER: user } = process.env;
  if (behindSudo !== undefined && behindSudo !== '') return behindSudo;
  if (user !== undefined && user !== '') return user;
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

/** The files of a version's folder. JSON leaves out a name that is undefined. */
export function filesOf(
  policy: PolicyText,
  { who, at, hash, policy: name }: Omit<RecordFile, 'files'>,
): Map<string, Uint8Array> {
  const encoder = new TextEncoder();
  const sets = [...policy.setFiles].map(([path, content], i) => ({ path, content, copy: `set-${i}` }));
  const record: RecordFile = { who, at, hash, policy: name, files: sets.map(({ path, copy }) => [path, copy]) };
  return new Map([
    [TEXT, encoder.encode(policy.text)],
    ...sets.map(({ copy, content }) => [copy, content] as const),
    [RECORD, encoder.encode(`${JSON.stringify(record, null, 2)}\n`)],
  ]);
}

/** What is wrong with a version, in words. */
export interface Damaged {
  readonly damage: string;
}

function isRecordFile(value: unknown): value is RecordFile {
  if (typeof value !== 'object' || value === null) return false;
  const { who, at, hash, files } = value as Partial<Record<keyof RecordFile, unknown>>;
  if (typeof who !== 'string' || typeof at !== 'string' || typeof hash !== 'string' || !Array.isArray(files))
    return false;
  return files.every(
    (pair) => Array.isArray(pair) && pair.length === 2 && pair.every((one) => typeof one === 'string'),
  );
}

function readRecordFile(folder: string): RecordFile | Damaged {
  const text = readIfThere(join(folder, RECORD));
  if (text === undefined) return { damage: `${RECORD} is missing` };
  const record = parseJson(text);
  if (record === undefined) return { damage: `${RECORD} is not JSON` };
  return isRecordFile(record) ? record : { damage: `${RECORD} lacks fields` };
}

/** Who stored it and when, without looking at the rest. */
export function readRecord(folder: string, version: number): VersionRecord | Damaged {
  const record = readRecordFile(folder);
  if ('damage' in record) return record;
  const { who, at, hash } = record;
  return { version, who, at, hash };
}

/** Of which policy it is, where its record says so. */
export function policyOfRecord(folder: string): string | undefined {
  const record = readRecordFile(folder);
  return 'damage' in record || typeof record.policy !== 'string' ? undefined : record.policy;
}

/** The whole version, its hash checked; undefined where the folder is gone. */
export function readVersion(folder: string, version: number): StoredVersion | Damaged | undefined {
  const found = readFolder(folder, version);
  return isThere(folder) ? found : undefined;
}

function readFolder(folder: string, version: number): StoredVersion | Damaged {
  const record = readRecordFile(folder);
  if ('damage' in record) return record;
  const text = readIfThere(join(folder, TEXT));
  if (text === undefined) return { damage: `${TEXT} is missing` };
  const setFiles = new Map<string, Uint8Array>();
  for (const [path, copy] of record.files) {
    const content = readBytesIfThere(join(folder, copy));
    if (content === undefined) return { damage: `${copy} is missing` };
    setFiles.set(path, content);
  }
  const { who, at, hash } = record;
  if (hashOfPolicy({ text, setFiles }) !== hash) return { damage: 'its hash is not the one in version.json' };
  return { text, setFiles, version, who, at, hash };
}
