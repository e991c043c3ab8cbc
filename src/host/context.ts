/** What every operation works with, and the callbacks that report what happens meanwhile. */
import type { ChangeRecord } from '../store/store.ts';
import { PolicyStore } from '../store/store.ts';
import { commandAsker } from './command-asker.ts';
import type { DropRanking } from './drop-ranking.ts';
import type { OwnNetworkCache } from './live-sets/own-network.ts';
import type { ReadingCache } from './reading-cache.ts';
import type { RecentOutlines } from './recent-outlines.ts';
import type { RestoredPolicy } from './restore-intended.ts';

export type OperationEvent =
  /** How far long work has come; `share` is 0 to 1. */
  | { readonly kind: 'progress'; readonly what: string; readonly share: number }
  /** Something that is done and stays, also where a later part of the operation fails. */
  | { readonly kind: 'step'; readonly text: string }
  /** Something that went wrong and ends nothing. */
  | { readonly kind: 'warning'; readonly text: string };

export type Report = (event: OperationEvent) => void;

/** Whom the operation is done for. */
export interface Asker extends Pick<ChangeRecord, 'who' | 'uid' | 'via'> {
  /** SSH_CONNECTION of the session that the command was given in. */
  readonly ssh?: string | undefined;
}

export interface HostContext {
  readonly store: PolicyStore;
  readonly report: Report;
  readonly asker: Asker;
  /** Of a process that reads the same policies again and again. */
  readonly readings?: ReadingCache | undefined;
  /** Of one that shows the same policies again and again. */
  readonly outlines?: RecentOutlines | undefined;
  /** Of one that reads the counters again and again. */
  readonly ranking?: DropRanking | undefined;
  /** Of one that has threads: as restoreHere; undefined where it takes no long time. */
  readonly restoreBeside?: (() => Promise<RestoredPolicy> | undefined) | undefined;
  /** Of one that changes live sets again and again. */
  readonly ownNetwork?: OwnNetworkCache | undefined;
}

export interface ContextOptions {
  /** Else the user of this process. */
  readonly asker?: Asker;
  /** Seconds to wait for another change to end; else as a command does. */
  readonly patience?: number;
}

/** `directory` is the store's; without it the one of this host, or of XDPOL_STATE_DIR. */
export function openContext(
  report: Report,
  directory?: string,
  { asker = commandAsker(), patience }: ContextOptions = {},
): HostContext {
  const warn = (text: string): void => report({ kind: 'warning', text });
  const { who } = asker;
  const store = new PolicyStore(directory, { report: warn, who, ...(patience === undefined ? {} : { patience }) });
  return { store, report, asker };
}
