/** Which host an agent serves, and where it is asked. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { VERSION } from '../base/version.ts';

const DEFAULT_SOCKET = '/run/xdpol/agent.sock';
/** Its members may ask, besides root. */
export const AGENT_GROUP = 'xdpol';
const DEFAULT_STATE = '/var/lib/xdpol';

/** XDPOL_AGENT_SOCKET names another one; undefined where it is empty: no agent is asked, and none answers. */
export function agentSocketPath(): string | undefined {
  const named = process.env['XDPOL_AGENT_SOCKET'];
  return named === '' ? undefined : (named ?? DEFAULT_SOCKET);
}

/**
 * What a command and an agent must have in common for the one to speak for the other: the version of the program, the
 * network namespace, the store, the BPF file system and the configuration.
 */
export function ownPlace(): string {
  const { ino } = statSync('/proc/self/ns/net');
  const { XDPOL_STATE_DIR: state = DEFAULT_STATE, XDPOL_BPFFS: bpffs = '', XDPOL_CONFIG: config = '' } = process.env;
  return JSON.stringify([VERSION, ino, resolve(state), bpffs, config]);
}

/** Of a request: the place it is meant for. Without it any agent will do. */
export const PLACE_HEADER = 'xdpol-place';
