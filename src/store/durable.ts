/** Writes that are whole or not there at all, also after a crash or a power cut. */
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

function syncDirectory(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function writeSynced(path: string, content: Uint8Array): void {
  const fd = openSync(path, 'w', 0o600);
  try {
    for (let at = 0; at < content.length; ) at += writeSync(fd, content, at);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** A name next to `path` that no reader looks at. */
function temporary(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}.new`);
}

/** Replaces a file: temp file, fsync, rename, fsync of the folder. */
export function writeDurably(path: string, content: Uint8Array): void {
  const fresh = temporary(path);
  try {
    writeSynced(fresh, content);
    renameSync(fresh, path);
    syncDirectory(dirname(path));
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  }
}

/** Makes a folder with files appear at `path`, which must not be there, in one step. */
export function writeFolderDurably(path: string, files: ReadonlyMap<string, Uint8Array>): void {
  const fresh = temporary(path);
  try {
    rmSync(fresh, { recursive: true, force: true });
    mkdirSync(fresh, { recursive: true, mode: 0o700 });
    for (const [name, content] of files) writeSynced(join(fresh, name), content);
    syncDirectory(fresh);
    renameSync(fresh, path);
    syncDirectory(dirname(path));
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    throw error;
  }
}

/** Removes a file and makes that last. */
export function removeDurably(path: string): void {
  rmSync(path, { force: true });
  syncDirectory(dirname(path));
}
