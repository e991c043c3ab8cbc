/** The SSH connection that a command came through, as sshd tells its session. */
import { readFileSync } from 'node:fs';

export interface SshConnection {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
}

const VARIABLE = 'SSH_CONNECTION=';
/** Processes from this one up, at most. */
const MAX_ANCESTORS = 32;
const LONGEST = 200;

/** Of the variable's value; undefined where it is none. */
export function parseSshConnection(text: string): SshConnection | undefined {
  if (text.length > LONGEST) return undefined;
  const [remote = '', remotePort = '', local = '', localPort = '', ...more] = text.split(' ');
  const arePorts = [remotePort, localPort].every((port) => /^\d{1,5}$/u.test(port));
  const areAddresses = [remote, local].every((address) => /^[\da-f.:]+(?:%\S+)?$/iu.test(address));
  if (!arePorts || !areAddresses || more.length > 0) return undefined;
  return {
    remoteAddress: stripZone(remote),
    remotePort: Number(remotePort),
    localAddress: stripZone(local),
    localPort: Number(localPort),
  };
}

function stripZone(address: string): string {
  return address.split('%')[0] ?? address;
}

/** sudo takes the variable out of the environment, so the processes that this one came from are asked too. */
export function ownSshConnection(): string | undefined {
  const own = process.env['SSH_CONNECTION'];
  if (own !== undefined && own !== '') return own;
  let pid = process.ppid;
  for (let i = 0; i < MAX_ANCESTORS && pid > 1; i++) {
    const found = variableOf(pid);
    if (found !== undefined) return found;
    pid = parentOf(pid);
  }
  return undefined;
}

function variableOf(pid: number): string | undefined {
  const entries = (read(`/proc/${pid}/environ`) ?? '').split('\0');
  return entries.find((entry) => entry.startsWith(VARIABLE))?.slice(VARIABLE.length);
}

/** 0 where it cannot be known. */
function parentOf(pid: number): number {
  const parent = /^PPid:\s+(?<pid>\d+)$/mu.exec(read(`/proc/${pid}/status`) ?? '')?.groups?.['pid'];
  return Number(parent ?? 0);
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
