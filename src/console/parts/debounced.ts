/** An answer that follows what is typed. */
import { useEffect, useState } from 'preact/hooks';

/** Milliseconds without a change before it is asked; less where an answer costs little. */
const PAUSE = 250;
export const SHORT_PAUSE = 30;

export interface Answer<T> {
  /** The last one that came. */
  readonly value: T | undefined;
  readonly error: Error | undefined;
  /** It is not of what is there now. */
  readonly isOld: boolean;
}

/** Asks for the newest key only: what was asked before is cancelled. An undefined key asks nothing. The first is asked at once. */
export function useAnswer<T>(
  key: string | undefined,
  ask: (signal: AbortSignal) => Promise<T>,
  pause: number = PAUSE,
): Answer<T> {
  const [state, setState] = useState<Answer<T> & { readonly key: string | undefined }>({
    key: undefined,
    value: undefined,
    error: undefined,
    isOld: true,
  });
  useEffect(() => {
    if (key === undefined) return undefined;
    const controller = new AbortController();
    const timer = setTimeout(
      () => {
        ask(controller.signal).then(
          (value) => setState({ key, value, error: undefined, isOld: false }),
          (error: Error) => {
            if (!controller.signal.aborted) setState((old) => ({ ...old, key, error }));
          },
        );
      },
      state.key === undefined ? 0 : pause,
    );
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [key]);
  const { value, error } = state;
  return { value, error, isOld: state.key !== key };
}
