/**
 * The program arrays by which the policy in force of one interface hands packets to a policy on trial: pinned beside the
 * counters, so that the programs of every generation have the same ones. Empty, they lead nowhere.
 */
import { join } from 'node:path';
import type { BpfMap } from 'libbpf-ts-bindings';
import { createMap, openPinnedMap } from 'libbpf-ts-bindings';
import { ENUMS } from '../../layout/layout.gen.ts';
import { listDirectory } from '../bpffs.ts';

const SPEC = { type: 'prog_array', keySize: 4, valueSize: 4, maxEntries: ENUMS.audit.PROGRAMS } as const;
const PINS = { audit_xdp: 'audit-xdp', audit_tc: 'audit-tc' } as const;

/** Owns the handles. */
export class AuditPrograms implements Disposable {
  readonly xdp: BpfMap;
  readonly tc: BpfMap;

  constructor(xdp: BpfMap, tc: BpfMap) {
    this.xdp = xdp;
    this.tc = tc;
  }

  /** By the names that the object has for them. */
  get byName(): Readonly<Record<keyof typeof PINS, BpfMap>> {
    return { audit_xdp: this.xdp, audit_tc: this.tc };
  }

  [Symbol.dispose](): void {
    this.xdp[Symbol.dispose]();
    this.tc[Symbol.dispose]();
  }
}

export function slotKey(slot: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(slot).buffer);
}

/** Of programs that are attached to nothing. */
export function createAuditPrograms(): AuditPrograms {
  return new AuditPrograms(createMap({ name: 'audit_xdp', ...SPEC }), createMap({ name: 'audit_tc', ...SPEC }));
}

/** What is pinned in an interface's directory, if anything is. The caller disposes it. */
export function findAuditPrograms(directory: string): AuditPrograms | undefined {
  const pins = listDirectory(directory);
  if (!Object.values(PINS).every((pin) => pins.includes(pin))) return undefined;
  const xdp = openPinnedMap(join(directory, PINS.audit_xdp), SPEC);
  try {
    return new AuditPrograms(xdp, openPinnedMap(join(directory, PINS.audit_tc), SPEC));
  } catch (error) {
    xdp[Symbol.dispose]();
    throw error;
  }
}

/** The same, made where they are missing. */
export function openAuditProgramsFor(directory: string): AuditPrograms {
  const found = findAuditPrograms(directory);
  if (found !== undefined) return found;
  const pins = listDirectory(directory);
  for (const [name, pin] of Object.entries(PINS)) {
    if (pins.includes(pin)) continue;
    using map = createMap({ name, ...SPEC });
    map.pin(join(directory, pin));
  }
  return openAuditProgramsFor(directory);
}
