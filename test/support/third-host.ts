/** A third host beyond the peer of a pair: `third` in a network namespace of a process, joined to the peer by a veth. */
import { once } from 'node:events';
import type { NamespacePair } from './namespaces.ts';

export interface ThirdHost {
  /** Name of the device on its side, which has no address yet; that of the peer's side is `toward`. */
  readonly device: string;
  readonly toward: string;
  exec(...argv: readonly string[]): string;
  run(...argv: readonly string[]): number | null;
}

/** It goes with the pair. */
export async function joinThirdHost(pair: NamespacePair): Promise<ThirdHost> {
  const holder = pair.spawn(pair.peer, ['unshare', '--net', 'sh', '-c', 'echo ready; exec sleep 600'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  if (holder.stdout === null || holder.pid === undefined) throw new Error('no process holds the namespace');
  await once(holder.stdout, 'data');
  const inside = ['nsenter', `--net=/proc/${holder.pid}/ns/net`, '--'];
  const [device, toward] = ['third0', 'toward0'];
  const ends = ['name', toward, 'type', 'veth', 'peer', 'name', device, 'netns', String(holder.pid)];
  pair.exec(pair.peer, ['ip', 'link', 'add', ...ends]);
  pair.exec(pair.peer, ['ip', 'link', 'set', toward, 'up']);
  pair.exec(pair.peer, [...inside, 'ip', 'link', 'set', device, 'up']);
  return {
    device,
    toward,
    exec: (...argv) => pair.exec(pair.peer, [...inside, ...argv]),
    run: (...argv) => pair.run(pair.peer, [...inside, ...argv]).status,
  };
}
