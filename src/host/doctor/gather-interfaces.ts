/** The facts of interfaces that doctor's checks look at. */
import type { EthtoolFacts, NetworkInterface, TcHook } from 'libbpf-ts-bindings';
import { BpfError, ethtoolFacts, interfaces, openProgramById, tcxPrograms, xdpAttached } from 'libbpf-ts-bindings';
import { generationOf } from '../../engine/generation.ts';
import type { HookProgram, InterfaceFacts } from './doctor-facts.ts';

/** What `ask` answers; undefined where the kernel refuses, which a check then has no facts for. */
function unlessRefused<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch (error) {
    if (error instanceof BpfError) return undefined;
    throw error;
  }
}

function programOf(id: number): HookProgram {
  const found = unlessRefused(() => {
    using program = openProgramById(id);
    return { id, name: program.name, isOurs: generationOf(program) !== undefined };
  });
  return found ?? { id, name: 'a program that may not be looked at', isOurs: false };
}

function xdpOf({ index }: NetworkInterface): InterfaceFacts['xdp'] {
  const attached = unlessRefused(() => xdpAttached(index));
  return attached === undefined ? undefined : { ...programOf(attached.programId), mode: attached.mode };
}

/** Kernels without tcx refuse the question. */
function tcxOf({ index }: NetworkInterface, hook: TcHook): readonly HookProgram[] {
  return (unlessRefused(() => tcxPrograms(index, hook)) ?? []).map(programOf);
}

function ethtoolOf({ name }: NetworkInterface): EthtoolFacts | undefined {
  return unlessRefused(() => ethtoolFacts(name));
}

function peerOf(device: NetworkInterface, all: readonly NetworkInterface[]): InterfaceFacts['peer'] {
  if (device.peer === undefined || device.peerElsewhere) return undefined;
  const peer = all.find(({ index }) => index === device.peer);
  return peer === undefined ? undefined : { device: peer, ethtool: ethtoolOf(peer) };
}

/** `filtered` names the interfaces that are filtered, or are to be. Names that nothing has are left out. */
export function gatherInterfaces(names: readonly string[], filtered: readonly string[]): readonly InterfaceFacts[] {
  const all = interfaces();
  const portsOf = (index: number): readonly string[] =>
    all.filter(({ master }) => master === index).map(({ name }) => name);
  return all
    .filter(({ name }) => names.includes(name))
    .map((device) => ({
      device,
      ethtool: ethtoolOf(device),
      master: all.find(({ index }) => index === device.master),
      siblings: device.master === undefined ? [] : portsOf(device.master).filter((name) => name !== device.name),
      ports: portsOf(device.index),
      peer: peerOf(device, all),
      xdp: xdpOf(device),
      tcx: { ingress: tcxOf(device, 'ingress'), egress: tcxOf(device, 'egress') },
      filtered,
    }));
}
