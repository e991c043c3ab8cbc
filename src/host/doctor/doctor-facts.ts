/** What doctor's checks look at. Gathered by gather-host.ts, gather-store.ts and gather-interfaces.ts; the checks are pure. */
import type { EthtoolFacts, NetworkInterface, XdpAttachment } from 'libbpf-ts-bindings';
import type { Diagnostic } from '../../base/diagnostics.ts';
import type { OpenHook } from '../status.ts';

export interface KernelFacts {
  /** `6.18.44-amd64`. */
  readonly release: string;
  readonly hasBtf: boolean;
  /** undefined where it may not be read. */
  readonly jit: number | undefined;
  readonly hasBpffs: boolean;
  /** Bytes that the process may lock; Infinity for no limit. */
  readonly lockableMemory: number;
  /** `none`, `integrity`, `confidentiality`; undefined where the kernel has no lockdown. */
  readonly lockdown: string | undefined;
  /** /proc/sys/kernel/unprivileged_bpf_disabled; undefined where it may not be read. */
  readonly unprivilegedBpfDisabled: number | undefined;
}

export interface StoreFacts {
  readonly directory: string;
  /** Why it cannot be read; undefined where it can. */
  readonly problem: string | undefined;
  /** Paths of what was found damaged and set aside. */
  readonly setAside: readonly string[];
  /** What is damaged where it is, a sentence each. */
  readonly damaged: readonly string[];
  /** What is wrong with the assigned version; undefined where it is whole, or none is assigned. */
  readonly assignedDamage: string | undefined;
  /** Bytes that are free on its file system; undefined where that is unknown. */
  readonly free: number | undefined;
  readonly isWritable: boolean;
  /** Name of the assigned policy. */
  readonly assigned: string | undefined;
  /** When the newest record in it was written: ISO 8601. */
  readonly newestRecord: string | undefined;
}

/** As `status` has it. */
export interface FilterFacts {
  /** Name of the policy that waits to be confirmed, else of the assigned one. */
  readonly policy: string | undefined;
  readonly gaps: readonly OpenHook[];
  readonly warnings: readonly string[];
}

export interface UnitFacts {
  readonly name: string;
  readonly isInstalled: boolean;
  readonly isEnabled: boolean;
  /** As systemd says: `active`, `failed`, ...; undefined where systemd does not run. */
  readonly state: string | undefined;
}

export interface HostFacts {
  readonly kernel: KernelFacts;
  readonly capabilities: readonly string[];
  readonly config: { readonly path: string; readonly problem?: string; readonly diagnostics: readonly Diagnostic[] };
  readonly store: StoreFacts;
  /** undefined where it cannot be known. */
  readonly filter: FilterFacts | undefined;
  readonly units: readonly UnitFacts[];
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Process id of the agent; undefined where none runs. */
  readonly agent: number | undefined;
}

/** A BPF program at a hook. */
export interface HookProgram {
  readonly id: number;
  readonly name: string;
  /** It is the one that xdpol put there. */
  readonly isOurs: boolean;
}

export interface InterfaceFacts {
  readonly device: NetworkInterface;
  /** undefined where the driver does not report it. */
  readonly ethtool: EthtoolFacts | undefined;
  /** The bridge, bond or other device that it is a port of. */
  readonly master: NetworkInterface | undefined;
  /** Names of the other ports of that device. */
  readonly siblings: readonly string[];
  /** Names of its own ports. */
  readonly ports: readonly string[];
  /** The other end of a veth pair, where it is in this namespace; with what its driver says. */
  readonly peer: { readonly device: NetworkInterface; readonly ethtool: EthtoolFacts | undefined } | undefined;
  readonly xdp: (HookProgram & Pick<XdpAttachment, 'mode'>) | undefined;
  /** In the order in which they run. */
  readonly tcx: { readonly ingress: readonly HookProgram[]; readonly egress: readonly HookProgram[] };
  /** Names of the interfaces that are filtered, or are to be. */
  readonly filtered: readonly string[];
}
