/** The facts of the store: nothing is set aside or written. */
import { accessSync, constants, statfsSync } from 'node:fs';
import { EnvironmentError } from '../../base/environment-error.ts';
import { PolicyStore } from '../../store/store.ts';
import type { StoreFacts } from './doctor-facts.ts';

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch (error) {
    // A store that was never written is made by the first command.
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

function freeBytes(path: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

export function gatherStore(directory: string): StoreFacts {
  const damaged = new Set<string>();
  const store = new PolicyStore(directory, { report: (line) => damaged.add(line) });
  const base = { directory, isWritable: isWritable(directory), free: freeBytes(directory) };
  try {
    const assignment = store.assignment();
    const records = store.list().flatMap((name) => store.versions(name).map(({ at }) => at));
    for (const { name } of store.liveSets.declared()) {
      const damage = store.liveSets.damageOf(name);
      if (damage !== undefined) damaged.add(damage);
    }
    store.knownHost.read();
    return {
      ...base,
      problem: undefined,
      setAside: store.setAside(),
      damaged: [...damaged],
      assigned: assignment?.policy,
      assignedDamage: assignment && store.damageOf(assignment.policy, assignment.version),
      newestRecord: [...records, ...(assignment === undefined ? [] : [assignment.at])].sort().at(-1),
    };
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    const nothing = {
      setAside: [],
      damaged: [],
      assigned: undefined,
      assignedDamage: undefined,
      newestRecord: undefined,
    };
    return { ...base, ...nothing, problem: error.message };
  }
}
