import { addon } from './lib/addon.ts';
import { LoadedObject } from './lib/object.ts';
import { withObject } from './lib/source.ts';
import type {
  BpfLink,
  BpfMap,
  BpfObject,
  BpfProgramHandle,
  ClsactPlace,
  DefaultRoute,
  EthtoolFacts,
  KnownObject,
  LoadOptions,
  MapSpec,
  NetworkInterface,
  NewMap,
  ObjectSpec,
  PeerCredentials,
  RingBufferConstructor,
  RingBuffer as RingBufferHandle,
  TcHook,
  TcpSocket,
  XdpAttachment,
} from './lib/types.ts';

export { BpfError, type BpfErrorFields } from './lib/error.ts';
export type * from './lib/types.ts';

/** BPF_F_* of map creation. */
export const mapFlags: {
  readonly noPrealloc: number;
  readonly readOnlyForPrograms: number;
  readonly mmapable: number;
  readonly innerMap: number;
} = {
  noPrealloc: 1,
  readOnlyForPrograms: 1 << 7,
  mmapable: 1 << 10,
  innerMap: 1 << 12,
};

export type RingBuffer = RingBufferHandle;
export const RingBuffer: RingBufferConstructor = addon.RingBuffer;

/** Reads what an object file (a path or its bytes) declares. Needs no privileges. */
export function inspectObject(source: string | Uint8Array, known: KnownObject = {}): ObjectSpec {
  return withObject(source, 'object_open', known, (bytes, name, untried) => addon.inspectObject(bytes, name, untried));
}

/**
 * Loads an object's maps and programs into the kernel: all or nothing. A refused program throws BpfError with
 * `verifierLog`. The caller disposes the object, which closes its maps and programs.
 */
export function loadObject(source: string | Uint8Array, opts: LoadOptions = {}): BpfObject {
  const load = (bytes: Uint8Array, name: string, untried: boolean, digest: string): BpfObject =>
    new LoadedObject(addon.loadObject(bytes, name, opts, untried, digest));
  return withObject(source, 'object_load', { ...opts }, load);
}

export function createMap(spec: NewMap): BpfMap {
  return addon.createMap(spec);
}

/** Throws one BpfError EMISMATCH that lists everything in which the pinned map differs from `expect`. */
export function openPinnedMap(path: string, expect: Partial<MapSpec> = {}): BpfMap {
  return addon.openPinnedMap(path, expect);
}

export function openMapById(id: number): BpfMap {
  return addon.openMapById(id);
}

export function openPinnedProgram(path: string): BpfProgramHandle {
  return addon.openPinnedProgram(path);
}

export function openProgramById(id: number): BpfProgramHandle {
  return addon.openProgramById(id);
}

export function openPinnedLink(path: string): BpfLink {
  return addon.openPinnedLink(path);
}

/** Removes a pin; false when there was none. Refuses (EINVAL) what does not lie on a bpffs. */
export function unlinkPin(path: string): boolean {
  return addon.unlinkPin(path);
}

/** CPUs that could ever be plugged in: how many values a per-CPU map has. */
export function possibleCpus(): number {
  return addon.possibleCpus();
}

/** Of the library that runs, such as `1.1`. */
export function libbpfVersion(): string {
  return addon.libbpfVersion();
}

/** The XDP program of an interface; the native one where there are several. ENODEV: no such interface. */
export function xdpAttached(ifindex: number): XdpAttachment | undefined {
  return addon.xdpAttached(ifindex);
}

/**
 * What the driver says that it can do natively, by the names of the kernel's netdev family: `basic` where it takes a
 * program at all, as it is set up now. undefined on kernels before 6.3, which do not know. ENODEV: no such interface.
 */
export function xdpFeatures(ifindex: number): readonly string[] | undefined {
  return addon.xdpFeatures(ifindex);
}

/** Ids of the tcx programs of an interface, in the order they run. ENODEV: no such interface. */
export function tcxPrograms(ifindex: number, hook: TcHook): readonly number[] {
  return addon.tcxPrograms(ifindex, hook);
}

/** Id of the program of a clsact filter; undefined where there is no filter with one. ENODEV: no such interface. */
export function clsactProgram(ifindex: number, hook: TcHook, place: ClsactPlace): number | undefined {
  return addon.clsactProgram(ifindex, hook, place);
}

/**
 * Throws what attaching a filter that is not there yet would throw, and attaches none: EBUSY, EEXIST and EINVAL as
 * `attachClsact` does, ENOENT or EOPNOTSUPP on a kernel without clsact. A qdisc that it had to make goes again.
 */
export function tryClsact(ifindex: number, hook: TcHook, place: ClsactPlace): void {
  addon.tryClsact(ifindex, hook, place);
}

/** Removes a clsact filter; false when no filter with a program was there. The qdisc stays, with it the filters of others. */
export function detachClsact(ifindex: number, hook: TcHook, place: ClsactPlace): boolean {
  return addon.detachClsact(ifindex, hook, place);
}

/** Every interface of the current network namespace, those that are down included. */
export function interfaces(): readonly NetworkInterface[] {
  return addon.interfaces();
}

export function interfaceIndex(name: string): number | undefined {
  return addon.interfaceIndex(name);
}

/** The TCP sockets of the current network namespace that are connected or listen. */
export function tcpSockets(): readonly TcpSocket[] {
  return addon.tcpSockets();
}

/** Routes to everywhere, of every routing table, one for each next hop. */
export function defaultRoutes(): readonly DefaultRoute[] {
  return addon.defaultRoutes();
}

/** What the driver of an interface says of it. ENODEV: no such interface. */
export function ethtoolFacts(name: string): EthtoolFacts {
  return addon.ethtoolFacts(name);
}

/** The effective capabilities of this process, such as `CAP_NET_ADMIN`. */
export function capabilities(): readonly string[] {
  return addon.capabilities();
}

/**
 * The kernel's number of a network namespace, the current one unless `path` names another (`/run/netns/NAME`,
 * `/proc/PID/ns/net`): until the next boot no other namespace gets it. Another one takes CAP_SYS_ADMIN.
 */
export function networkNamespaceCookie(path?: string): bigint {
  return addon.networkNamespaceCookie(path);
}

/** Who is at the other end of a connected Unix socket, as it was when it connected. ENOTSOCK: no socket. */
export function peerCredentials(fd: number): PeerCredentials {
  return addon.peerCredentials(fd);
}

/** Mounts a bpffs at an existing directory; one that is already mounted there is fine. */
export function mountBpffs(path: string): void {
  addon.mountBpffs(path);
}

/** False for other file systems; ENOENT when there is no such path. */
export function isBpffs(path: string): boolean {
  return addon.isBpffs(path);
}
