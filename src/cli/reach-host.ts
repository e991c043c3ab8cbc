/** The host that a verb works on: by its agent where one answers, else by this process. Both do and say the same. */
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { agentSocketPath, ownPlace } from '../api/place.ts';
import { EnvironmentError } from '../base/environment-error.ts';
import type { Report } from '../host/context.ts';
import { openContext } from '../host/context.ts';
import type { HostOperations } from '../host/operations.ts';
import { localOperations } from '../host/operations.ts';
import { showEvents } from './render/terminal.ts';

/** Milliseconds that a command waits for another change, by an agent as by itself. */
const LOCK_PATIENCE = 5000;
const LOCK_PAUSE = 100;

export function reachHost(): HostOperations {
  const report = showEvents();
  const local = (): HostOperations => localOperations(openContext(report));
  const socketPath = agentSocketPath();
  if (socketPath === undefined || !existsSync(socketPath)) return local();
  return orLocal(local(), () => connectAgent(socketPath, report));
}

async function connectAgent(socketPath: string, report: Report): Promise<HostOperations> {
  const { agentOperations } = await import('../api/client.ts');
  const { collectFiles } = await import('./collect-files.ts');
  return agentOperations({ socketPath, place: ownPlace() }, report, collectFiles);
}

/** Each operation of the agent; where it cannot be asked, of this process. */
function orLocal(local: HostOperations, connect: () => Promise<HostOperations>): HostOperations {
  const call = async (name: keyof HostOperations, values: readonly unknown[]): Promise<unknown> => {
    const on = (host: HostOperations): Promise<unknown> =>
      (host[name] as (...all: readonly unknown[]) => Promise<unknown>)(...values);
    const { AgentUnreachable } = await import('../api/request.ts');
    const agent = await connect();
    try {
      return await whenUnlocked(() => on(agent));
    } catch (error) {
      if (error instanceof AgentUnreachable) return await on(local);
      throw error;
    }
  };
  const names = Object.keys(local) as (keyof HostOperations)[];
  return Object.fromEntries(
    names.map((name) => [name, (...values: readonly unknown[]) => call(name, values)]),
  ) as unknown as HostOperations;
}

/** The agent says at once that another change is running; a command waits a while for its end. */
async function whenUnlocked(ask: () => Promise<unknown>): Promise<unknown> {
  const deadline = performance.now() + LOCK_PATIENCE;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const isLocked = error instanceof EnvironmentError && error.code === 'XDPOL_E_LOCKED';
      if (!isLocked || performance.now() >= deadline) throw error;
    }
    await sleep(LOCK_PAUSE);
  }
}
