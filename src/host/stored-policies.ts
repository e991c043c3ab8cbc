/** What is stored: read, never changed. */
import { EnvironmentError } from '../base/environment-error.ts';
import type { StoredVersion, VersionRecord } from '../store/store.ts';
import type { HostContext } from './context.ts';

export interface ListedPolicy {
  readonly name: string;
  /** The newest version, who stored it and when; null where no version is whole. */
  readonly version: number | null;
  readonly who: string | null;
  readonly at: string | null;
  readonly hash: string | null;
  /** The version that is assigned; null where none is. */
  readonly assigned: number | null;
}

export interface PolicyList {
  readonly policies: readonly ListedPolicy[];
  /** Paths of what was found damaged. */
  readonly setAside: readonly string[];
}

export function listPolicies({ store }: HostContext): PolicyList {
  const assigned = store.assignment();
  const policies = store.list().map((name): ListedPolicy => {
    const newest = store.versions(name).at(-1);
    return {
      name,
      version: newest?.version ?? null,
      who: newest?.who ?? null,
      at: newest?.at ?? null,
      hash: newest?.hash ?? null,
      assigned: assigned?.policy === name ? assigned.version : null,
    };
  });
  return { policies, setAside: store.setAside() };
}

export interface PolicyHistory {
  readonly policy: string;
  /** Oldest first. */
  readonly versions: readonly (VersionRecord & { readonly assigned: boolean })[];
  /** Since when the assigned one of them is; null where none is. */
  readonly assignedSince: string | null;
}

export function readHistory(context: HostContext, name: string): PolicyHistory {
  const { store } = context;
  const versions = store.versions(name);
  if (versions.length === 0) throw notStored(context, name);
  const assignment = store.assignment();
  const assigned = assignment?.policy === name ? assignment : undefined;
  return {
    policy: name,
    versions: versions.map((record) => ({ ...record, assigned: record.version === assigned?.version })),
    assignedSince: assigned?.at ?? null,
  };
}

/** A version, else the newest, as it was written. */
export function readStored(context: HostContext, name: string, version?: number): StoredVersion {
  const stored = context.store.read(name, version);
  if (stored === undefined) throw notStored(context, name, version);
  return stored;
}

export function notStored({ store }: HostContext, name: string, version?: number): EnvironmentError {
  const versions = version === undefined ? [] : store.versions(name).map((record) => record.version);
  if (versions.length > 0) {
    return new EnvironmentError('XDPOL_E_NOT_STORED', `${name} has no version ${version}`, {
      help: `it has: ${versions.join(', ')}`,
    });
  }
  const known = store.list();
  return new EnvironmentError('XDPOL_E_NOT_STORED', `there is no stored policy ${name}`, {
    help: known.length === 0 ? 'none is stored: xdpol apply POLICY -i INTERFACE' : `stored are: ${known.join(', ')}`,
  });
}
