/**
 * The audit log: who changed what of this host, a line each. A line that is damaged is left out and counted; the log is
 * at most two files of a limited size.
 *
 *   <state>/changes.jsonl     the newest
 *   <state>/changes.1.jsonl   those before
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { DurableFiles } from './durable.ts';
import { readIfThere, statusOf } from './file-system.ts';
import { fieldsOf, isText, parseJson } from './json-fields.ts';
import { withStoreErrors } from './with-store-errors.ts';

const WAYS = ['command', 'agent', 'remote', 'kernel'] as const;

export interface PolicyAt {
  readonly policy: string;
  readonly version: number;
  /** SHA-256 of its text and set files, hex. */
  readonly hash: string;
}

export interface ChangeRecord {
  /** ISO 8601, UTC. */
  readonly at: string;
  /** The login that asked, behind sudo too; the name in the certificate of another host's; `xdpol agent` or `kernel` for what one does by itself. */
  readonly who: string;
  /** null where no user of this host asked. */
  readonly uid: number | null;
  /**
   * How it came: by a command that worked by itself, by the agent, by the agent for another host, or by the
   * kernel, which takes back what nobody confirms.
   */
  readonly via: (typeof WAYS)[number];
  readonly verb: string;
  /** The policy that was meant; null where the verb names none. */
  readonly policy: string | null;
  /** What was in force, or, for a change of the store alone, the newest version stored; null for nothing. */
  readonly from: PolicyAt | null;
  readonly to: PolicyAt | null;
  /** `ok`, or the code of docs/errors.md. */
  readonly result: string;
  /** Why it failed, or what else there is to say. */
  readonly message: string | null;
}

export interface ChangeRecords {
  /** Oldest first. */
  readonly changes: readonly ChangeRecord[];
  /** Lines that cannot be read. */
  readonly damaged: number;
}

/** Bytes of a file from which the next record begins a new one. */
const FULL = 512 << 10;
/** Characters of a message that are kept. */
const MESSAGE_KEPT = 500;
const LINE_BREAK = 0x0a;

export class ChangeLog {
  readonly #directory: string;
  readonly #files: DurableFiles;
  readonly #lock: () => Disposable;

  /** `lock` is tried when a file is full; where it throws, the next record tries again. */
  constructor(directory: string, files: DurableFiles, lock: () => Disposable) {
    this.#directory = directory;
    this.#files = files;
    this.#lock = lock;
  }

  read(): ChangeRecords {
    const texts = withStoreErrors(this.#directory, () =>
      [this.#older(), this.#newest()].map((path) => readIfThere(path)),
    );
    // A file that is there has a line: one without content is damaged as a whole.
    const lines = texts.flatMap((text) => text?.split('\n').filter((line, i) => line !== '' || i === 0) ?? []);
    const records = lines.map(decode);
    const changes = records.filter((record) => record !== undefined);
    return { changes, damaged: records.length - changes.length };
  }

  /** On the disk when it returns. */
  add(record: ChangeRecord): void {
    const { message } = record;
    const line = JSON.stringify({ ...record, message: message?.slice(0, MESSAGE_KEPT) ?? null });
    withStoreErrors(this.#directory, () => {
      this.#files.makeFolder(this.#directory);
      this.#rotateWhenFull();
      // What a crash cut off must not take this line with it.
      const start = endsWithinLine(this.#newest()) ? '\n' : '';
      this.#files.append(this.#newest(), new TextEncoder().encode(`${start}${line}\n`));
    });
  }

  #rotateWhenFull(): void {
    if (sizeOf(this.#newest()) < FULL) return;
    let lock: Disposable;
    try {
      lock = this.#lock();
    } catch {
      return;
    }
    using _lock = lock;
    if (sizeOf(this.#newest()) >= FULL) this.#files.rename(this.#newest(), this.#older());
  }

  #newest(): string {
    return join(this.#directory, 'changes.jsonl');
  }

  #older(): string {
    return join(this.#directory, 'changes.1.jsonl');
  }
}

/** 0 also of what is no file. */
function sizeOf(path: string): number {
  const status = statusOf(path);
  return status?.isFile() === true ? Number(status.size) : 0;
}

function endsWithinLine(path: string): boolean {
  if (sizeOf(path) === 0) return false;
  const fd = openSync(path, 'r');
  try {
    const last = Buffer.alloc(1);
    readSync(fd, last, 0, 1, fstatSync(fd).size - 1);
    return last[0] !== LINE_BREAK;
  } finally {
    closeSync(fd);
  }
}

function decode(line: string): ChangeRecord | undefined {
  const value = parseJson(line);
  const { at, who, uid, via, verb, policy, from, to, result, message } = fieldsOf<ChangeRecord>(value);
  const isTextOrNull = (one: unknown): boolean => one === null || isText(one);
  const isWhole =
    [at, who, verb, result].every(isText) &&
    [policy, message].every(isTextOrNull) &&
    (uid === null || Number.isSafeInteger(uid)) &&
    WAYS.some((way) => way === via) &&
    [from, to].every((one) => one === null || isPolicyAt(one));
  return isWhole ? (value as ChangeRecord) : undefined;
}

function isPolicyAt(value: unknown): boolean {
  const { policy, version, hash } = fieldsOf<PolicyAt>(value);
  return isText(policy) && Number.isSafeInteger(version) && isText(hash);
}
