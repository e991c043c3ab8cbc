/** Of questions that nobody waits for any more. */
import { EnvironmentError } from '../../base/environment-error.ts';
import type { OperationEvent } from '../../host/context.ts';

/** No fault: of nothing that whoever asked still waits for. */
export class Forsaken extends EnvironmentError {
  constructor() {
    super('XDPOL_E_QUESTION', 'whoever asked has gone', { help: 'ask again' });
  }
}

/** Memory that two threads share: whether whoever asked has gone. */
export type GoneFlag = Int32Array<SharedArrayBuffer>;

/** Raised where `gone` is. */
export function flagOf(gone: AbortSignal): GoneFlag {
  const flag = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  gone.addEventListener('abort', () => Atomics.store(flag, 0, 1), { once: true });
  return flag;
}

/**
 * Ends the work of the question, where nobody waits for it: throws Forsaken. Only reading, analysing and compiling tell how
 * far they have come, and what has not been compiled has changed nothing.
 */
export function endForsaken(flag: GoneFlag | undefined, event: OperationEvent): void {
  if (event.kind === 'progress' && flag !== undefined && Atomics.load(flag, 0) !== 0) throw new Forsaken();
}
