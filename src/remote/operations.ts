/**
 * The operations of another host. What changes its filters waits to be confirmed, and is confirmed over a new connection:
 * where the change has cut the way there, none is possible, and the kernel takes it back by itself.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ask, Listen } from '../api/client.ts';
import { agentOperations } from '../api/client.ts';
import { listenToAgent } from '../api/listen.ts';
import type { TlsAddress } from '../api/request.ts';
import { AgentUnreachable, askAgent } from '../api/request.ts';
import type { CollectFiles } from '../api/wire.ts';
import { EnvironmentError } from '../base/environment-error.ts';
import type { Report } from '../host/context.ts';
import type { HostOperations } from '../host/operations.ts';
import { describeUnreachable } from './unreachable.ts';

/** Seconds that a change waits for the new connection. */
const CONFIRM_TIME = 30;
/** Milliseconds for which a change is asked for again whose answer was lost. */
const LOST_PATIENCE = (CONFIRM_TIME + 15) * 1000;
const PAUSE = 500;

/** Each throws EnvironmentError also where the host cannot be reached, or lets this user do less. */
export function remoteOperations(address: TlsAddress, report: Report, collect: CollectFiles): HostOperations {
  const ask = askUntilAnswered(address, report);
  const listen: Listen = async (path, stop) => {
    try {
      return await listenToAgent(address, path, stop);
    } catch (error) {
      throw error instanceof AgentUnreachable ? describeUnreachable(address, error.code) : error;
    }
  };
  return confirmAnew(agentOperations(ask, listen, collect), address.name);
}

/** The agent has the request, or may have it: the answer is what was lost. */
function isAnswerLost(error: unknown): boolean {
  if (error instanceof AgentUnreachable) return error.mayHaveArrived;
  return error instanceof EnvironmentError && error.code === 'XDPOL_E_AGENT_GONE';
}

/** Under its key a change is carried out once; a second request with the key gets the outcome of the first. */
function askUntilAnswered(address: TlsAddress, report: Report): Ask {
  return async (asked) => {
    let deadline: number | undefined;
    for (;;) {
      try {
        return await askAgent({ ...asked, address }, report);
      } catch (error) {
        const isUnreachable = error instanceof AgentUnreachable;
        if (!isUnreachable && !isAnswerLost(error)) throw error;
        const isChange = asked.idempotencyKey !== undefined;
        const isAskedAgain = deadline !== undefined || isAnswerLost(error);
        deadline ??= performance.now() + LOST_PATIENCE;
        if (!isChange || !isAskedAgain || performance.now() >= deadline) {
          throw isUnreachable ? describeUnreachable(address, error.code) : error;
        }
      }
      await sleep(PAUSE);
    }
  };
}

function confirmAnew(host: HostOperations, name: string): HostOperations {
  const keep = async (): Promise<void> => {
    try {
      await host.confirm();
    } catch (error) {
      const isOver = error instanceof EnvironmentError && CUT_OFF.has(error.code);
      throw isOver ? createReturnedError(name, error) : error;
    }
  };
  return {
    ...host,
    async apply(request) {
      if (request.confirm !== undefined || request.dryRun === true) return await host.apply(request);
      const outcome = await host.apply({ ...request, confirm: CONFIRM_TIME });
      if (outcome.pending !== null) await keep();
      return { ...outcome, pending: null };
    },
    async assign(request) {
      if (request.confirm !== undefined) return await host.assign(request);
      const outcome = await host.assign({ ...request, confirm: CONFIRM_TIME });
      if (outcome.pending !== null) await keep();
      return { ...outcome, pending: null };
    },
    changeDynamic() {
      const help = 'store the rule: -w REG -p NAME; or run the command on that host';
      const message = `a dynamic rule of ${name} cannot be changed from another host`;
      return Promise.reject(new EnvironmentError('XDPOL_E_NOT_REMOTE', message, { help }));
    },
    async changeStored(request) {
      if (request.confirm !== undefined) return await host.changeStored(request);
      const outcome = await host.changeStored({ ...request, confirm: CONFIRM_TIME });
      const { result } = outcome;
      if (result.kind !== 'in-force') return outcome;
      if (result.inForce.pending !== null) await keep();
      return { ...outcome, result: { ...result, inForce: { ...result.inForce, pending: null } } };
    },
  };
}

/** The time for the confirmation had passed, or passes while nothing gets through. */
const CUT_OFF: ReadonlySet<string> = new Set(['XDPOL_E_NOTHING_PENDING', 'XDPOL_E_UNREACHABLE', 'XDPOL_E_AGENT_GONE']);

function createReturnedError(name: string, cause: EnvironmentError): EnvironmentError {
  const message = `${name} could not be reached over a new connection with the change in force, so the change goes back`;
  return new EnvironmentError('XDPOL_E_WENT_BACK', message, {
    help: `permit the way to the agent of ${name}, then try again; what is in force now: xdpol --host ${name} status`,
    cause,
  });
}
