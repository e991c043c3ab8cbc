/** Who is at the other end of a Unix socket. */
import { peerCredentials } from 'libbpf-ts-bindings';

export interface SocketPeer {
  readonly pid: number;
  readonly uid: number;
}

export function socketPeer(fd: number): SocketPeer {
  const { pid, uid } = peerCredentials(fd);
  return { pid, uid };
}
