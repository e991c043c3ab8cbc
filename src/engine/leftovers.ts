/** Pins that outlive filtering: counters, which go on when a policy is applied again. */
import { readAttachment } from './attachment.ts';
import {
  findPinRoot,
  interfaceDirectory,
  pinnedInterfaces,
  removeEmptyDirectory,
  removeInterfaceDirectory,
} from './bpffs.ts';

/** Removes the pins of every interface that is not filtered now, counters included; returns the names. */
export function removeUnusedPins(): readonly string[] {
  const root = findPinRoot();
  if (root === undefined) return [];
  const unused = pinnedInterfaces(root).filter((name) => readAttachment(root, name) === undefined);
  for (const name of unused) removeInterfaceDirectory(interfaceDirectory(root, name));
  removeEmptyDirectory(root);
  return unused;
}
