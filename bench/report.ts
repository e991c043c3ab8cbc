import type { Environment } from '../src/measure/environment.ts';
import type { Figure } from './figure.ts';

/** What a run has measured, and where. */
export interface Report {
  readonly environment: Environment;
  readonly figures: readonly Figure[];
}
