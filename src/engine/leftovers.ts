/** Counters outlive filtering: they go on when a policy is applied again, and end with the policy. */
import { join } from 'node:path';
import { BpfError } from 'libbpf-ts-bindings';
import {
  findPinRoot,
  listDirectory,
  liveTablesDirectory,
  nameOfDirectory,
  removeEmptyDirectory,
  removeInterfaceDirectory,
} from './bpffs.ts';
import { readSlots } from './counter-maps.ts';
import { surveyAttachments } from './survey.ts';

/**
 * Removes the counters of interfaces that are not filtered and on which none of the policies that are still stored ever
 * counted; returns the names of the interfaces.
 */
export function removeCountersBut(stored: readonly string[]): readonly string[] {
  const root = findPinRoot();
  if (root === undefined) return [];
  const { attachments, strays } = surveyAttachments();
  const used = new Set([...attachments, ...strays.filter(({ fate }) => fate !== 'gone')].map((one) => one.directory));
  const unused = listDirectory(root)
    .map((entry) => join(root, entry))
    .filter((directory) => !used.has(directory) && directory !== liveTablesDirectory(root))
    .filter((directory) => hasNone(stored, directory));
  for (const directory of unused) removeInterfaceDirectory(directory);
  removeEmptyDirectory(root);
  return unused.map(nameOfDirectory);
}

function hasNone(stored: readonly string[], directory: string): boolean {
  try {
    return !readSlots(directory).named.some(({ policy }) => stored.includes(policy));
  } catch (error) {
    if (error instanceof BpfError) return false; // what cannot be read is not removed
    throw error;
  }
}
