/** The host that a verb works on. */
import { openContext } from '../host/context.ts';
import type { HostOperations } from '../host/operations.ts';
import { localOperations } from '../host/operations.ts';
import { showEvents } from './render/terminal.ts';

/** `verb` is the one that asks, for messages. */
export function reachHost(_verb: string): HostOperations {
  return localOperations(openContext(showEvents()));
}
