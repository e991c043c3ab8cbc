import { join } from 'node:path';
import { openContext } from '../../src/host/context.ts';
import type { NamespacePair } from './namespaces.ts';

/** Holds the lock of the pair's store: meanwhile the agent puts nothing in force again. */
export function holdStore({ directory }: NamespacePair): Disposable {
  return openContext(() => undefined, join(directory, 'state')).store.lock();
}
