/** Where each record is in the store. Every key begins with the version of the layout. */
import type { Lane, Target } from './fleet-names.ts';

export const ROOT = '/xdpol/v1/';

export const PREFIXES = {
  policy: '/xdpol/v1/order/',
  bans: '/xdpol/v1/bans/',
  previous: '/xdpol/v1/previous/',
  hosts: '/xdpol/v1/host/',
  memberships: '/xdpol/v1/membership/',
  groups: '/xdpol/v1/group/',
  statuses: '/xdpol/v1/status/',
  policies: '/xdpol/v1/policy/',
  blobs: '/xdpol/v1/blobmeta/',
  rollouts: '/xdpol/v1/rollout/',
  tokens: '/xdpol/v1/token/',
  audits: '/xdpol/v1/audit/',
} as const;

/** A key of the layout: parts of printable characters, none of them empty, `.` or `..`. */
export function isKey(text: string): boolean {
  if (!text.startsWith(ROOT) || text.length > 400 || !/^[!-~]+$/u.test(text)) return false;
  return text
    .slice(1)
    .split('/')
    .every((part) => part !== '' && part !== '.' && part !== '..');
}

export const KEYS = {
  /** A random text that changes when the store is restored from a backup: revisions of another epoch mean nothing. */
  epoch: '/xdpol/v1/epoch',
  /** The signed order in force for a target. */
  order: (lane: Lane, target: Target): string => `${PREFIXES[lane]}${target}`,
  /** The signed order that the present one took the place of: what a rollback goes back to. */
  previous: (target: Target): string => `${PREFIXES.previous}${target}`,
  host: (name: string): string => `${PREFIXES.hosts}${name}`,
  membership: (host: string): string => `${PREFIXES.memberships}${host}`,
  group: (name: string): string => `${PREFIXES.groups}${name}`,
  status: (host: string): string => `${PREFIXES.statuses}${host}`,
  /** The newest version of a policy, and what each version is. */
  policyHead: (name: string): string => `${PREFIXES.policies}${name}/head`,
  policyVersion: (name: string, version: number): string => `${PREFIXES.policies}${name}/${version}`,
  /** Written last: with it the blob is there. */
  blob: (sha256: string): string => `${PREFIXES.blobs}${sha256}`,
  blobPart: (sha256: string, part: number): string => `${ROOT}blob/${sha256}/${part}`,
  rollout: (id: string): string => `${PREFIXES.rollouts}${id}`,
  token: (digest: string): string => `${PREFIXES.tokens}${digest}`,
  audit: (time: number, id: string): string => `${PREFIXES.audits}${String(time).padStart(15, '0')}-${id}`,
} as const;
