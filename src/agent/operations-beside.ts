/**
 * The operations of this host as the orders of a fleet use them: checking a large policy and putting it in force is done by a
 * thread, so that the agent answers meanwhile.
 */
import type { RouteName } from '../api/routes.ts';
import type { CollectFiles } from '../api/wire.ts';
import { encodeInput } from '../api/wire.ts';
import { decodeError } from '../api/wire-error.ts';
import type { HostContext } from '../host/context.ts';
import type { HostOperations } from '../host/operations.ts';
import { localOperations } from '../host/operations.ts';
import { AnsweredFailure } from './control/wire-failure.ts';
import type { Questions } from './questions/questions.ts';
import { NoThread, ThreadLost } from './questions/thread-lane.ts';

/** `collect` gives the files that a policy names which is not in the store. */
export type OperationsFor = (context: HostContext, collect?: CollectFiles) => HostOperations;

const NO_FILES: CollectFiles = () => Promise.resolve(new Map());

export function operationsBeside(questions: Questions): OperationsFor {
  return (context, collect = NO_FILES) => {
    const { asker, report, store } = context;
    const here = localOperations(context);
    const beside = async <T>(name: RouteName, body: unknown, doHere: () => Promise<T>): Promise<T> => {
      const asked = { body, name: '', version: '', query: undefined };
      try {
        const answer = questions.change({ name, asker, asked }, report);
        return answer === undefined ? await doHere() : (JSON.parse((await answer).text) as T);
      } catch (error) {
        if (error instanceof NoThread) return await doHere();
        if (error instanceof ThreadLost) store.releaseLock();
        throw error instanceof AnsweredFailure ? decodeError(error.failure.error) : error;
      }
    };
    return {
      ...here,
      async check(request) {
        const body = { ...request, input: await encodeInput(request.input, collect) };
        return await beside('check', body, () => here.check(request));
      },
      async apply(request) {
        const body = { ...request, input: await encodeInput(request.input, collect) };
        return await beside('apply', body, () => here.apply(request));
      },
      assign: (request) => beside('assign', request, () => here.assign(request)),
    };
  };
}
