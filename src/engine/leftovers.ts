/** Pins that outlive filtering: counters, which go on when a policy is applied again. */
import { rmdirSync } from 'node:fs';
import { readAttachment } from './attachment.ts';
import { findPinRoot, interfaceDirectory, listDirectory, pinnedInterfaces, removeInterfaceDirectory } from './bpffs.ts';

/** Removes the pins of every interface that is not filtered now, counters included; returns the names. */
export function removeUnusedPins(): readonly string[] {
  const root = findPinRoot();
  if (root === undefined) return [];
  const unused = pinnedInterfaces(root).filter((name) => readAttachment(root, name) === undefined);
  for (const name of unused) removeInterfaceDirectory(interfaceDirectory(root, name));
  if (listDirectory(root).length === 0) rmdirSync(root);
  return unused;
}
