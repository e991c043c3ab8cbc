/**
 * The catalogue of error codes: what ends a command, or a request to the agent, for a reason outside the policy. Codes
 * are stable: one that is no longer used is never given to something else. docs/errors.md is generated from here.
 */
import { CONSOLE_ERRORS } from './console-errors.ts';
import type { ErrorEntry } from './entry.ts';
import { FLEET_ERRORS } from './fleet-errors.ts';
import { HOST_ERRORS } from './host-errors.ts';
import { KERNEL_ERRORS } from './kernel-errors.ts';
import { REMOTE_ERRORS } from './remote-errors.ts';
import { STORE_ERRORS } from './store-errors.ts';

export type ErrorCode =
  | keyof typeof CONSOLE_ERRORS
  | keyof typeof FLEET_ERRORS
  | keyof typeof HOST_ERRORS
  | keyof typeof KERNEL_ERRORS
  | keyof typeof REMOTE_ERRORS
  | keyof typeof STORE_ERRORS;

export const ERRORS: Readonly<Record<ErrorCode, ErrorEntry>> = {
  ...HOST_ERRORS,
  ...KERNEL_ERRORS,
  ...REMOTE_ERRORS,
  ...STORE_ERRORS,
  ...CONSOLE_ERRORS,
  ...FLEET_ERRORS,
};
