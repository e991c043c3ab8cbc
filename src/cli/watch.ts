/** What the agent does again and again. A failure ends nothing: it is said once, and tried again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { EnvironmentError } from '../base/environment-error.ts';
import { explainFailure } from '../engine/failure.ts';

const POLL_MS = 2000;

export type Step = () => Promise<void>;

/** The action as one that does not fail; a message goes to `log` unless the time before failed with the same. */
export function sayingOnce(log: (line: string) => void, what: string, action: Step): Step {
  let said = '';
  return async () => {
    try {
      await action();
      said = '';
    } catch (error) {
      const message = messageOf(error);
      if (message !== said) log(`${what}: ${message}`);
      said = message;
    }
  };
}

function messageOf(error: unknown): string {
  const explained = explainFailure(error);
  if (!(explained instanceof Error)) return String(explained);
  const help = explained instanceof EnvironmentError ? explained.help : undefined;
  return help === undefined ? explained.message : `${explained.message} (${help})`;
}

/** Every two seconds until `stop`. */
export async function watch(steps: readonly Step[], stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    await sleep(POLL_MS, undefined, { signal: stop }).catch(() => undefined);
    for (const step of steps) if (!stop.aborted) await step();
  }
}
