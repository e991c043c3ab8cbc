/** A change that was asked for: whether it runs, and what went wrong. */
import { useState } from 'preact/hooks';

export interface Action {
  readonly isRunning: boolean;
  readonly error: Error | undefined;
  /** Runs one at a time. */
  readonly run: (work: () => Promise<void>) => void;
}

export function useAction(): Action {
  const [isRunning, setRunning] = useState(false);
  const [error, setError] = useState<Error | undefined>(undefined);
  const run = (work: () => Promise<void>): void => {
    if (isRunning) return;
    setRunning(true);
    setError(undefined);
    work()
      .catch((thrown: unknown) => setError(thrown instanceof Error ? thrown : new Error(String(thrown))))
      .finally(() => setRunning(false));
  };
  return { isRunning, error, run };
}
