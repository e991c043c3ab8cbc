import { createRequire } from 'node:module';
import { BpfError } from './error.ts';
import type {
  BpfLink,
  BpfMap,
  BpfProgram,
  BpfProgramHandle,
  ClsactPlace,
  DefaultRoute,
  EthtoolFacts,
  LoadOptions,
  MapSpec,
  NetworkInterface,
  NewMap,
  ObjectSpec,
  PeerCredentials,
  RingBufferConstructor,
  TcHook,
  TcpSocket,
  XdpAttachment,
} from './types.ts';

/** What the addon hands over after a load; LoadedObject owns it. */
export interface LoadedParts {
  readonly maps: readonly (readonly [name: string, map: BpfMap])[];
  readonly programs: readonly (readonly [name: string, program: BpfProgram & Disposable])[];
  readonly verifierLog: string;
  readonly specialized: boolean;
}

interface Addon {
  /** Once per environment, before anything else: how errors are made and leaks are reported. */
  initialize(error: typeof BpfError, onLeak: (what: string) => void): void;
  readonly mapPrototype: object;
  readonly RingBuffer: RingBufferConstructor;
  /** `untried`: a child process reads the bytes first, and ECRASH is thrown where that ends it. */
  inspectObject(bytes: Uint8Array, name: string, untried: boolean): ObjectSpec;
  loadObject(bytes: Uint8Array, name: string, opts: LoadOptions, untried: boolean, digest: string): LoadedParts;
  createMap(spec: NewMap): BpfMap;
  openPinnedMap(path: string, expect: Partial<MapSpec>): BpfMap;
  openMapById(id: number): BpfMap;
  openPinnedProgram(path: string): BpfProgramHandle;
  openProgramById(id: number): BpfProgramHandle;
  openPinnedLink(path: string): BpfLink;
  unlinkPin(path: string): boolean;
  possibleCpus(): number;
  libbpfVersion(): string;
  xdpAttached(ifindex: number): XdpAttachment | undefined;
  xdpFeatures(ifindex: number): readonly string[] | undefined;
  tcxPrograms(ifindex: number, hook: TcHook): readonly number[];
  clsactProgram(ifindex: number, hook: TcHook, place: ClsactPlace): number | undefined;
  tryClsact(ifindex: number, hook: TcHook, place: ClsactPlace): void;
  detachClsact(ifindex: number, hook: TcHook, place: ClsactPlace): boolean;
  interfaces(): readonly NetworkInterface[];
  interfaceIndex(name: string): number | undefined;
  tcpSockets(): readonly TcpSocket[];
  defaultRoutes(): readonly DefaultRoute[];
  ethtoolFacts(name: string): EthtoolFacts;
  capabilities(): readonly string[];
  networkNamespaceCookie(path?: string): bigint;
  mountBpffs(path: string): void;
  peerCredentials(fd: number): PeerCredentials;
  isBpffs(path: string): boolean;
}

/** Walks by nextKey: the first call is made here, so that a closed map throws at once and not at the first step. */
function entries(this: BpfMap): IterableIterator<readonly [Uint8Array, Uint8Array]> {
  return walk(this, this.nextKey());
}

function* walk(map: BpfMap, first: Uint8Array | undefined): Generator<readonly [Uint8Array, Uint8Array]> {
  for (let key = first; key !== undefined; key = map.nextKey(key)) {
    const value = map.lookup(key);
    if (value !== undefined) yield [key, value];
  }
}

/** From dist/lib/addon.js. */
const ADDON_PATH = '../bindings.node';

function load(): Addon {
  const loaded = createRequire(import.meta.url)(ADDON_PATH) as Addon;
  loaded.initialize(BpfError, (what) => process.emitWarning(`libbpf-ts-bindings: leaked ${what}`, 'LeakWarning'));
  Object.defineProperty(loaded.mapPrototype, 'entries', { value: entries, configurable: true, writable: true });
  return loaded;
}

export const addon: Addon = load();
