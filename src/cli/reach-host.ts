/**
 * The host that a verb works on: this one, by its agent where one answers, else by this process; or another one, by its
 * agent. All do and say the same.
 */
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { agentSocketPath, ownPlace } from '../api/place.ts';
import { EnvironmentError } from '../base/environment-error.ts';
import { commandAsker } from '../host/command-asker.ts';
import type { Report } from '../host/context.ts';
import { openContext } from '../host/context.ts';
import type { HostOperations } from '../host/operations.ts';
import { localOperations } from '../host/operations.ts';
import type { PolicyInput } from '../host/policy-input.ts';
import { showEvents } from './render/terminal.ts';
import { isThisHost } from './this-host.ts';

/** Milliseconds that a command waits for another change, by an agent as by itself. */
const LOCK_PATIENCE = 5000;
const LOCK_PAUSE = 100;

let other: string | undefined;

/** For the rest of this command: a known host, unless the name is that of this host. */
export function chooseHost(name: string): void {
  other = isThisHost(name) ? undefined : name;
}

/** undefined: this one. */
export function chosenHost(): string | undefined {
  return other;
}

/** Does the command work on another host? */
export function worksElsewhere(): boolean {
  return other !== undefined;
}

export function reachHost(): HostOperations {
  const report = showEvents();
  if (other !== undefined) return reachOther(other, report);
  const local = (): HostOperations => localOperations(openContext(report));
  const socketPath = agentSocketPath();
  if (socketPath === undefined || !existsSync(socketPath)) return local();
  return orLocal(local(), () => connectAgent(socketPath, report));
}

/** For verbs that read policies: this process reads what is a text alone, the host of the command what it has stored. */
export function reachReader(...inputs: readonly (PolicyInput | undefined)[]): HostOperations {
  const isAsked = other !== undefined || inputs.some((input) => input === undefined || 'stored' in input);
  return isAsked ? reachHost() : localOperations(openContext(showEvents()));
}

async function connectAgent(socketPath: string, report: Report): Promise<HostOperations> {
  const { agentOperations } = await import('../api/client.ts');
  const { askAgent } = await import('../api/request.ts');
  const { listenToAgent } = await import('../api/listen.ts');
  const { collectFiles } = await import('./collect-files.ts');
  const address = { socketPath, place: ownPlace(), asker: commandAsker() };
  return agentOperations(
    (asked) => askAgent({ ...asked, address }, report),
    (path, stop) => listenToAgent(address, path, stop),
    collectFiles,
  );
}

async function connectOther(name: string, report: Report): Promise<HostOperations> {
  const { remoteTarget } = await import('../remote/target.ts');
  const { remoteOperations } = await import('../remote/operations.ts');
  const { collectFiles } = await import('./collect-files.ts');
  return remoteOperations(remoteTarget(name), report, collectFiles);
}

function reachOther(name: string, report: Report): HostOperations {
  let connected: Promise<HostOperations> | undefined;
  return eachOperation(localOperations(openContext(report)), async (call) => {
    connected ??= connectOther(name, report);
    const host = await connected;
    return await askWhenUnlocked(() => call(host));
  });
}

type CallOn = (host: HostOperations) => Promise<unknown>;

/** The operations that `like` has, each carried out by `carryOut`. */
function eachOperation(like: HostOperations, carryOut: (call: CallOn) => Promise<unknown>): HostOperations {
  const names = Object.keys(like) as (keyof HostOperations)[];
  const operation =
    (name: keyof HostOperations) =>
    (...values: readonly unknown[]): Promise<unknown> =>
      carryOut((host) => (host[name] as (...all: readonly unknown[]) => Promise<unknown>)(...values));
  return Object.fromEntries(names.map((name) => [name, operation(name)])) as unknown as HostOperations;
}

/** Each operation of the agent; where it cannot be asked, of this process. */
function orLocal(local: HostOperations, connect: () => Promise<HostOperations>): HostOperations {
  return eachOperation(local, async (call) => {
    const { AgentUnreachable } = await import('../api/request.ts');
    const agent = await connect();
    try {
      return await askWhenUnlocked(() => call(agent));
    } catch (error) {
      if (error instanceof AgentUnreachable) return await call(local);
      throw error;
    }
  });
}

/** The agent says at once that another change is running; a command waits a while for its end. */
async function askWhenUnlocked(ask: () => Promise<unknown>): Promise<unknown> {
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
