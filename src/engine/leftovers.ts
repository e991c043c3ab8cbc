/** Counters outlive filtering: they go on when a policy is applied again, and end with the policy. */
import { join } from 'node:path';
import { BpfError } from 'libbpf-ts-bindings';
import {
  findPinRoot,
  listDirectory,
  nameOfDirectory,
  removeEmptyDirectory,
  removeInterfaceDirectory,
} from './bpffs.ts';
import { readSlots } from './counter-maps.ts';
import { surveyAttachments } from './survey.ts';

/**
 * Removes the counters of interfaces that are not filtered and on which no policy but this one ever counted; returns
 * the names. What other policies counted stays.
 */
export function removeCountersOf(policy: string): readonly string[] {
  const root = findPinRoot();
  if (root === undefined) return [];
  const { attachments, strays } = surveyAttachments();
  const used = new Set([...attachments, ...strays.filter(({ fate }) => fate !== 'gone')].map((one) => one.directory));
  const unused = listDirectory(root)
    .map((entry) => join(root, entry))
    .filter((directory) => !used.has(directory))
    .filter((directory) => hasOnly(policy, directory));
  for (const directory of unused) removeInterfaceDirectory(directory);
  removeEmptyDirectory(root);
  return unused.map(nameOfDirectory);
}

function hasOnly(policy: string, directory: string): boolean {
  try {
    return readSlots(directory).named.every((named) => named.policy === policy);
  } catch (error) {
    if (error instanceof BpfError) return false; // what cannot be read is not removed
    throw error;
  }
}
