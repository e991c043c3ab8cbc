/**
 * A large policy is put in force anew by a thread: it is compiled for another address of the host, or another answer for a
 * name. It is a change like any other, and the agent answers meanwhile.
 */
import type { HostContext } from '../host/context.ts';
import { findIntendedAssignment } from '../host/intended-assignment.ts';
import { restoreHere } from '../host/restore-now.ts';
import type { ChangeTurns } from './control/change-turn.ts';
import { isLongPolicy } from './questions/long-change.ts';
import type { Questions } from './questions/questions.ts';
import { NoThread } from './questions/thread-lane.ts';

export function withRestoreBeside(context: HostContext, questions: Questions, turns: ChangeTurns): HostContext {
  const restore = async (): ReturnType<typeof restoreHere> => {
    try {
      return await questions.restore(context);
    } catch (error) {
      if (error instanceof NoThread) return await restoreHere(context);
      throw error;
    }
  };
  const restoreBeside = (): ReturnType<typeof restoreHere> | undefined => {
    const intended = findIntendedAssignment(context.store);
    if (intended === undefined || !isLongPolicy(intended.policy, intended.version)) return undefined;
    return turns.take(context.asker.who, 'restore', restore);
  };
  return { ...context, restoreBeside };
}
