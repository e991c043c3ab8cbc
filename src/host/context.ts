/** What every operation works with, and whom it tells what happens meanwhile. */
import { PolicyStore } from '../store/store.ts';

export type OperationEvent =
  /** How far long work has come; `share` is 0 to 1. */
  | { readonly kind: 'progress'; readonly what: string; readonly share: number }
  /** Something that is done and stays, also where a later part of the operation fails. */
  | { readonly kind: 'step'; readonly text: string }
  /** Something that went wrong and ends nothing. */
  | { readonly kind: 'warning'; readonly text: string };

export type Report = (event: OperationEvent) => void;

export interface HostContext {
  readonly store: PolicyStore;
  readonly report: Report;
}

export interface ContextOptions {
  /** Who asks; else the user of this process. */
  readonly who?: string;
  /** Seconds to wait for another change to end; else as a command does. */
  readonly patience?: number;
}

/** `directory` is the store's; without it the one of this host, or of XDPOL_STATE_DIR. */
export function openContext(report: Report, directory?: string, options: ContextOptions = {}): HostContext {
  const warn = (text: string): void => report({ kind: 'warning', text });
  return { store: new PolicyStore(directory, { report: warn, ...options }), report };
}
