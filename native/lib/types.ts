/** What the kernel calls a map type, as bpftool spells it; `type-N` for one that this library does not know. */
export type MapType =
  | 'hash'
  | 'array'
  | 'prog_array'
  | 'perf_event_array'
  | 'percpu_hash'
  | 'percpu_array'
  | 'stack_trace'
  | 'cgroup_array'
  | 'lru_hash'
  | 'lru_percpu_hash'
  | 'lpm_trie'
  | 'array_of_maps'
  | 'hash_of_maps'
  | 'devmap'
  | 'sockmap'
  | 'cpumap'
  | 'xskmap'
  | 'sockhash'
  | 'cgroup_storage'
  | 'reuseport_sockarray'
  | 'percpu_cgroup_storage'
  | 'queue'
  | 'stack'
  | 'sk_storage'
  | 'devmap_hash'
  | 'struct_ops'
  | 'ringbuf'
  | 'inode_storage'
  | 'task_storage'
  | 'bloom_filter'
  | 'user_ringbuf'
  | 'cgrp_storage'
  | 'arena'
  | `type-${number}`;

export interface MapSpec {
  /** In an ObjectSpec the name in the ELF file (`counters`, `.rodata`); of a map in the kernel its name there. */
  readonly name: string;
  readonly type: MapType;
  /** Bytes. */
  readonly keySize: number;
  /** Bytes of one value in the kernel; see BpfMap.valueStride for per-CPU maps. */
  readonly valueSize: number;
  readonly maxEntries: number;
  /** BPF_F_* bits; see `mapFlags`. */
  readonly flags: number;
}

/** What to create. A kernel name has at most 15 bytes of letters, digits, `_` and `.`. */
export interface NewMap extends Omit<MapSpec, 'flags'> {
  readonly flags?: number;
  /** The template of an array_of_maps or a hash_of_maps. Lent: it may be disposed afterwards. */
  readonly innerMap?: BpfMap;
}

export interface ProgramSpec {
  /** The C function. */
  readonly name: string;
  /** The ELF section, such as `xdp` or `tc`. */
  readonly section: string;
  /** As bpftool spells it: `xdp`, `sched_cls`, ... */
  readonly type: string;
}

/** One global variable of the object. */
export interface VariableSpec {
  /** `.rodata`, `.data`, `.bss`, or a section with a suffix such as `.data.tables`. */
  readonly section: string;
  readonly name: string;
  /** Bytes from the start of the section, and so of the map's single value. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
  /** Its bytes before loading. */
  readonly content?: Uint8Array;
}

/** What an object file declares, read without the kernel. */
export interface ObjectSpec {
  readonly name: string;
  readonly license: string;
  readonly maps: readonly MapSpec[];
  readonly programs: readonly ProgramSpec[];
  /** In file order. Only variables with memory of their own: not map declarations, kconfig or ksym externs. */
  readonly variables: readonly VariableSpec[];
}

/** An object that the caller knows. */
export interface KnownObject {
  /**
   * The digest of its bytes, in hex, from a place that the caller trusts: EDIGEST where they have another. Without it a
   * child process does first what is asked for, because libbpf does not survive every damaged file: ECRASH then.
   */
  readonly sha256?: string;
}

export interface LoadOptions extends KnownObject {
  /** Initial values of `const volatile` variables (sections `.rodata*`), by variable name, each exactly its size. */
  readonly rodata?: Readonly<Record<string, Uint8Array>>;
  /**
   * Existing maps to use instead of new ones, by ELF name. Type, key size and value size must agree. A map for an
   * internal section (`.data.tables`) must be an array of one entry; its value may have any size, the verifier then
   * checks every access against that size, and the section's initial content is not copied into it.
   */
  readonly maps?: Readonly<Record<string, BpfMap>>;
  /** By ELF name. */
  readonly maxEntries?: Readonly<Record<string, number>>;
  /** Load only these; all when absent. */
  readonly programs?: readonly string[];
  /**
   * Programs of the sections `xdp.frags` and `tc` get numbers in place of what they read from `.rodata*`, and lose what
   * nothing needs then. Code that begins with a register moved to itself is rare, and is put last. Not with `logLevel`.
   */
  readonly specialize?: boolean;
  /** Verifier verbosity, bits: 1 branches, 2 instructions, 4 statistics. A refusal has its log whatever this says. */
  readonly logLevel?: number;
  /** Object name for bytes; libbpf cuts it into the kernel names of internal maps. A path's base name by default. */
  readonly name?: string;
}

/**
 * Owns one fd. Dispose closes it, twice is fine, never throws. Afterwards whatever asks the kernel throws BpfError
 * ECLOSED; what was known when the handle was opened (id, name, spec) stays readable.
 */
export interface Handle extends Disposable {
  /** The kernel's id of the thing behind the fd. */
  readonly id: number;
  readonly closed: boolean;
}

export type TcHook = 'ingress' | 'egress';

/** Where a filter of a clsact qdisc stands. */
export interface ClsactPlace {
  /** 1 to 65535; the smallest runs first. */
  readonly priority: number;
  /** Of one priority the newest filter runs first. Not 0. */
  readonly handle: number;
}

export type UpdateMode = 'any' | 'noexist' | 'exist';

export interface MapEntries {
  readonly count: number;
  /** count * keySize bytes. */
  readonly keys: Uint8Array;
  /** count * valueStride bytes, in the order of the keys. */
  readonly values: Uint8Array;
}

export interface BpfMap extends Handle {
  readonly spec: MapSpec;
  /** Bytes of one value in userspace: valueSize, or roundUp(valueSize, 8) * possibleCpus() when per-CPU. */
  readonly valueStride: number;
  /** A copy of the value; a miss is an answer, not an error. */
  lookup(key: Uint8Array): Uint8Array | undefined;
  /** A map of maps takes the inner map, a prog_array the program. */
  update(key: Uint8Array, value: Uint8Array | BpfMap | BpfProgram, mode?: UpdateMode): void;
  /** False when there was no such key. */
  delete(key: Uint8Array): boolean;
  /** The key after `key`, the first without one; undefined after the last. Order is the kernel's. */
  nextKey(key?: Uint8Array): Uint8Array | undefined;
  /** Walks key by key; entries that vanish meanwhile are left out. */
  entries(): IterableIterator<readonly [key: Uint8Array, value: Uint8Array]>;
  /**
   * The whole map in as few system calls as it takes; one for arrays, per-CPU ones included. Of an array `most` reads only
   * so many of the first entries, which costs the kernel less.
   */
  lookupBatch(most?: number): MapEntries;
  /** On failure BpfError.done entries are in. */
  updateBatch(keys: Uint8Array, values: Uint8Array): void;
  /**
   * The values of an array created mmapable, roundUp(valueSize, 8) bytes apart, without the last one's padding. The
   * same memory at every call. Dispose detaches it (length 0) and unmaps. EPERM once the map is frozen.
   */
  mmap(): Uint8Array;
  /** Userspace may not write any more. EBUSY while the map is mapped. */
  freeze(): void;
  pin(path: string): void;
}

export interface TestRunOptions {
  /** Runs in one system call; 1 when absent. */
  readonly repeat?: number;
  /** Bytes of room for the packet as the program leaves it; 0, as when absent, does not copy it. ENOSPC: too little. */
  readonly dataOut?: number;
  /** XDP: send the frames through the stack as the verdict says (BPF_F_TEST_XDP_LIVE_FRAMES). Excludes dataOut. */
  readonly liveFrames?: boolean;
  /** Live frames handed over at a time, at most 256; the kernel's 64 when absent. */
  readonly batchSize?: number;
  /** struct xdp_md or struct __sk_buff. */
  readonly ctxIn?: Uint8Array;
  /** The calling thread runs on this CPU for the call. */
  readonly cpu?: number;
}

export interface TestRunResult {
  /** XDP_* or TC_ACT_* of the last run, unsigned. 0 with live frames. */
  readonly retval: number;
  /** The kernel's mean time per run, whole nanoseconds. */
  readonly durationNs: number;
  /** CLOCK_MONOTONIC around the system call, all repeats together. */
  readonly elapsedNs: number;
  /** CLOCK_THREAD_CPUTIME_ID around the system call, all repeats together. */
  readonly cpuNs: number;
  readonly dataOut?: Uint8Array;
}

export interface TestRunManyOptions {
  /** After each run `length` bytes from `offset` (0 when absent) of this mmapable array are kept. */
  readonly record?: { readonly map: BpfMap; readonly length: number; readonly offset?: number };
  /** One context per packet, concatenated; all of one size. */
  readonly ctxIn?: Uint8Array;
}

export interface TestRunManyResult {
  /** One per packet. */
  readonly retvals: Uint32Array;
  /** record.length bytes per packet. */
  readonly records?: Uint8Array;
  /** All system calls together. */
  readonly elapsedNs: number;
  readonly cpuNs: number;
}

/** Borrowed from its BpfObject and unusable once the object is disposed. */
export interface BpfProgram {
  readonly name: string;
  readonly id: number;
  readonly closed: boolean;
  /** As bpftool spells it: `xdp`, `sched_cls`, ... */
  readonly type: string;
  /** The kernel's hash of the instructions, 16 hex digits. */
  readonly tag: string;
  /** Instructions as loaded, after the verifier's rewriting. */
  readonly insnCount: number;
  /** Instructions the verifier walked; its limit is a million. */
  readonly verifiedInsns: number;
  readonly mapIds: readonly number[];
  /** Nanoseconds since boot. */
  readonly loadTime: bigint;
  testRun(packet: Uint8Array, opts?: TestRunOptions): TestRunResult;
  /** One run per packet; packet i is `lengths[i]` bytes of `packets` from `offsets[i]`. */
  testRunMany(
    packets: Uint8Array,
    offsets: Uint32Array,
    lengths: Uint32Array,
    opts?: TestRunManyOptions,
  ): TestRunManyResult;
  /** EBUSY when the interface has another program in this mode's place. */
  attachXdp(ifindex: number, mode: 'native' | 'generic'): BpfLink;
  /** After the programs that are already there. */
  attachTcx(ifindex: number, hook: TcHook): BpfLink;
  /**
   * As a direct-action filter for every protocol, in a clsact qdisc that is made where there is none. No process has to
   * hold it. EEXIST: a BPF filter is there; with `replace` the program takes its place, in one step for each packet.
   * EINVAL: a filter of another kind or protocol has the priority. EBUSY: another qdisc is in clsact's place.
   */
  attachClsact(ifindex: number, hook: TcHook, place: ClsactPlace, opts?: { readonly replace?: boolean }): void;
  /** The map lives as long as the program, used by it or not. */
  bindMap(map: BpfMap): void;
  pin(path: string): void;
}

/** A program opened by pin or id: a handle of its own. */
export interface BpfProgramHandle extends BpfProgram, Handle {}

/** `gone` links, whose interface went away, have ifindex 0. */
export interface LinkState {
  readonly programId: number;
  readonly ifindex: number;
}

/** Dispose: this process lets go; a pinned link stays attached, an unpinned one is detached. */
export interface BpfLink extends Handle {
  /** `xdp`, `tcx`, ... or `type-N`. */
  readonly type: string;
  /** Asks the kernel. */
  readonly programId: number;
  /** Asks the kernel; 0 when the interface is gone. */
  readonly ifindex: number;
  /** Both answers of one moment. */
  query(): LinkState;
  /** Replaces the program without a gap. With `expected` only if that one is attached now, otherwise EPERM. */
  update(to: BpfProgram, opts?: { readonly expected?: BpfProgram }): void;
  pin(path: string): void;
  /** Removes the pins this handle made or was opened from; ones already gone are fine. */
  unpin(): void;
  /** The program stops now, pinned or not. */
  detach(): void;
}

export interface BpfObject extends Disposable {
  /** By ELF name: `.rodata`, `.bss`, `.data.tables`, or the C name. */
  readonly maps: ReadonlyMap<string, BpfMap>;
  readonly programs: ReadonlyMap<string, BpfProgram>;
  /** What the verifier said, program after program; empty without LoadOptions.logLevel. */
  readonly verifierLog: string;
  /** Its programs are as LoadOptions.specialize asks. Where the kernel refused them so, they are loaded as they are. */
  readonly specialized: boolean;
  readonly closed: boolean;
}

/**
 * Delivers the records of a ringbuf map on the event loop. It keeps the loop alive until disposed or unref'ed. What the
 * callback throws is an uncaught exception. It has its own reference to the map, which may be disposed first.
 */
export interface RingBuffer extends Disposable {
  readonly closed: boolean;
  ref(): void;
  unref(): void;
  /** Delivers at once what is waiting; returns how many records. Throws what the callback throws. */
  consume(): number;
}

export interface RingBufferConstructor {
  new (map: BpfMap, onRecord: (bytes: Uint8Array) => void): RingBuffer;
}

export interface XdpAttachment {
  readonly programId: number;
  readonly mode: 'native' | 'generic' | 'offload';
}

export interface InterfaceAddress {
  readonly family: 4 | 6;
  /** Without prefix length and zone. */
  readonly address: string;
  readonly prefixLength: number;
  /** The address ends then unless it is renewed, as a lease is; left out where it stays. */
  readonly validSeconds?: number;
}

export interface NetworkInterface {
  readonly name: string;
  readonly index: number;
  readonly mtu: number;
  /** Set administratively up. */
  readonly up: boolean;
  /** It has a carrier. */
  readonly running: boolean;
  /** `02:00:00:00:00:01`; empty where the link layer has no such address. */
  readonly mac: string;
  readonly addresses: readonly InterfaceAddress[];
  /** `virtio_net`, `veth`, ...; empty where the kernel names none. */
  readonly driver: string;
  /** `veth`, `bridge`, `bond`, `vlan`, `tun`, ...; empty for a physical device. */
  readonly kind: string;
  /** What it is a port of: `bridge`, `bond`, `team`, `vrf`; left out where it is none. */
  readonly portKind?: string;
  /** Index of the bridge, bond or other device that it is a port of. */
  readonly master?: number;
  /** Index of the other end of a veth pair, or of the device below a VLAN or macvlan. */
  readonly peer?: number;
  /** The index `peer` is of another network namespace. */
  readonly peerElsewhere: boolean;
  /** Bytes; left out where the kernel does not tell. Above 65536: the kernel builds packets that no wire carries. */
  readonly gsoMaxSize?: number;
  readonly groMaxSize?: number;
  readonly gsoIpv4MaxSize?: number;
  readonly groIpv4MaxSize?: number;
}

export interface TcpSocket {
  /** Of its packets: an IPv6 socket that speaks IPv4 has 4. */
  readonly family: 4 | 6;
  readonly state: 'established' | 'listen';
  /** `0.0.0.0` or `::` where a listening socket takes every address. */
  readonly localAddress: string;
  readonly localPort: number;
  /** `0.0.0.0` or `::`, and port 0, of a listening socket. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Of the process that made it. */
  readonly uid: number;
  readonly inode: number;
}

/** The process that connected a Unix socket. */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** One next hop of a route to everywhere. */
export interface DefaultRoute {
  readonly family: 4 | 6;
  /** Left out where the route leads into the link itself. An IPv4 route may have an IPv6 gateway. */
  readonly gateway?: string;
  readonly interfaceIndex: number;
  /** The lowest is used. */
  readonly metric: number;
  readonly table: number;
}

export interface DeviceFeature {
  readonly on: boolean;
  /** `ethtool -K` can change it. */
  readonly changeable: boolean;
}

/** What a driver says of its device. */
export interface EthtoolFacts {
  /** Empty where the device has none. */
  readonly driver: string;
  readonly version: string;
  readonly firmware: string;
  readonly bus: string;
  /** By the kernel's names: `rx-vlan-hw-parse`, `rx-lro`, `rx-gro-hw`, ... */
  readonly features: Readonly<Record<string, DeviceFeature>>;
  /** Left out where the driver does not say. */
  readonly channels?: {
    readonly rx: number;
    readonly tx: number;
    readonly combined: number;
    readonly rxMax: number;
    readonly txMax: number;
    readonly combinedMax: number;
  };
  /** Descriptors; left out where the driver does not say. */
  readonly ring?: { readonly rx: number; readonly tx: number; readonly rxMax: number; readonly txMax: number };
}
