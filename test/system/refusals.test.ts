/**
 * Every reason for which a policy is not put in force, made on a kernel: `apply --dry-run`, `apply` and `assign` refuse
 * with the same code, and leave the host and the store as they were.
 */
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openContext } from '../../src/host/context.ts';
import { compileBpf } from '../support/compile-bpf.ts';
import { holdStore } from '../support/hold-store.ts';
import type { Outcome } from '../support/namespaces.ts';
import { NamespacePair } from '../support/namespaces.ts';
import { oldKernel } from '../support/old-kernel.ts';

const WEB = `name: web
rules:
  - { name: web, action: block, filters: [{ destination: me, protocol: tcp, destinationPort: 80 }] }
`;
const ALL = `name: all
default: block
rules:
  - { name: ping, action: permit, filters: [{ protocol: icmp, mirrored: true }] }
`;
const TESTED = `${WEB}tests:\n  - { packet: 'tcp 203.0.113.9:40000 -> me:80', expect: pass }\n`;
const PROTECT = 'protect:\n  - { source: 192.0.2.2, destination: me, protocol: tcp, destinationPort: 80 }\n';

/** What stands in the way, and how the command meets it. */
interface Obstacle {
  /** Else the veth of the pair. */
  readonly interfaces?: readonly string[];
  readonly options?: readonly string[];
  readonly env?: readonly string[];
  /** The command that runs the program. */
  readonly inside?: (argv: readonly string[]) => readonly string[];
  /** Takes the obstacle away where it does not go with the pair. */
  readonly end?: () => void;
}

interface Case {
  readonly name: string;
  /** Of the error, or of the first diagnostic. */
  readonly code: string;
  readonly exit: 1 | 3;
  /** Else WEB. */
  readonly policy?: string;
  /** assign has no such option, or does nothing that this is an obstacle to. */
  readonly isOfApplyAlone?: boolean;
  readonly make: () => Obstacle | Promise<Obstacle>;
}

let pair: NamespacePair;
let device: string;

beforeEach(() => {
  pair = new NamespacePair({ ipv6: false });
  ({ device } = pair.host);
  mkdirSync(state());
  mkdirSync(join(pair.env['XDPOL_BPFFS'] ?? '', 'xdpol'));
});

afterEach(() => {
  pair[Symbol.dispose]();
});

function state(): string {
  return join(pair.directory, 'state');
}

function host(...argv: readonly string[]): string {
  return pair.exec(pair.host, argv);
}

function write(name: string, text: string): string {
  const path = join(pair.directory, name);
  writeFileSync(path, text);
  return path;
}

function store(name: string, text: string): void {
  openContext(() => undefined, state()).store.write(name, { text, setFiles: new Map() });
}

function accept(): string {
  return compileBpf('accept', pair.directory);
}

function link(...args: readonly string[]): void {
  host('ip', 'link', ...args);
}

function addPair(name: string): void {
  link('add', name, 'type', 'veth', 'peer', 'name', `${name}p`);
}

function foreignXdp(name: string): void {
  link('set', 'dev', name, 'xdpgeneric', 'obj', accept(), 'sec', 'xdp');
}

function addQdisc(kind: 'clsact' | 'ingress'): void {
  host('tc', 'qdisc', 'add', 'dev', device, kind);
}

function addFilter(hook: 'ingress' | 'egress', ...filter: readonly string[]): void {
  addQdisc('clsact');
  host('tc', 'filter', 'add', 'dev', device, hook, 'pref', '1', ...filter);
}

const OTHER_KIND = ['protocol', 'ip', 'u32', 'match', 'u32', '0', '0'];

function filtered(): void {
  host(...pair.xdpol('apply', write('before.yaml', WEB.replace('name: web', 'name: before')), '-i', device));
}

/** As many programs as the kernel takes. */
function fillTcx(hook: 'ingress' | 'egress'): void {
  const script = `
    const { interfaceIndex, loadObject } = await import('libbpf-ts-bindings');
    for (let i = 0; i < 63; i++) {
      const object = loadObject('${accept()}');
      object.programs.get('accept').attachTcx(interfaceIndex('${device}'), '${hook}').pin(\`${pair.env['XDPOL_BPFFS']}/tcx\${i}\`);
    }`;
  host(process.execPath, '--no-warnings', '--input-type=module', '-e', script);
}

/** Of the peer to the host; neither end is closed. */
async function connect(): Promise<void> {
  const start = async (side: 'host' | 'peer', script: string): Promise<void> => {
    const child = pair.spawn(pair[side], [process.execPath, '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    if (child.stdout !== null) await once(child.stdout, 'data');
  };
  await start('host', `require('net').createServer(() => {}).listen(80, '0.0.0.0', () => console.log('ready'))`);
  await start('peer', `require('net').connect({ host: '${pair.host.ipv4}', port: 80 }, () => console.log('in'))`);
}

const INTERFACES: readonly Case[] = [
  { name: 'it is not there', code: 'XDPOL_E_NO_INTERFACE', exit: 1, make: () => ({ interfaces: ['eth42'] }) },
  {
    name: 'one of two is not there',
    code: 'XDPOL_E_NO_INTERFACE',
    exit: 1,
    make: () => ({ interfaces: [device, 'eth42'] }),
  },
  {
    name: 'it has no Ethernet frames',
    code: 'XDPOL_E_NO_ETHERNET',
    exit: 1,
    make: () => {
      host('ip', 'tuntap', 'add', 'dev', 'tun7', 'mode', 'tun');
      return { interfaces: ['tun7'] };
    },
  },
  {
    name: 'an XDP program of somebody else',
    code: 'XDPOL_E_XDP_BUSY',
    exit: 1,
    make: () => {
      foreignXdp(device);
      return {};
    },
  },
  {
    name: 'an XDP program of somebody else on the second of two',
    code: 'XDPOL_E_XDP_BUSY',
    exit: 1,
    make: () => {
      addPair('other0');
      foreignXdp('other0');
      return { interfaces: [device, 'other0'] };
    },
  },
  {
    name: 'an XDP program on the bridge above',
    code: 'XDPOL_E_XDP_BUSY',
    exit: 1,
    make: () => {
      link('add', 'br0', 'type', 'bridge');
      link('set', device, 'master', 'br0');
      foreignXdp('br0');
      return {};
    },
  },
  {
    name: 'a device without native XDP',
    code: 'XDPOL_E_XDP_REFUSED',
    exit: 1,
    make: () => {
      link('add', 'br0', 'type', 'bridge');
      return { interfaces: ['br0'], options: ['--mode', 'native'] };
    },
  },
  {
    name: 'a device without native XDP, the second of two',
    code: 'XDPOL_E_XDP_REFUSED',
    exit: 1,
    make: () => {
      link('add', 'br0', 'type', 'bridge');
      return { interfaces: [device, 'br0'], options: ['--mode', 'native'] };
    },
  },
  {
    name: 'fewer queues than native XDP needs',
    code: 'XDPOL_E_XDP_REFUSED',
    exit: 1,
    make: () => {
      const [one, four] = [
        ['numrxqueues', '1', 'numtxqueues', '1'],
        ['numrxqueues', '4', 'numtxqueues', '4'],
      ] as const;
      link('add', 'other0', ...one, 'type', 'veth', 'peer', 'name', 'other1', ...four);
      for (const name of ['other0', 'other1']) link('set', name, 'up');
      return { interfaces: ['other0'], options: ['--mode', 'native'] };
    },
  },
  {
    name: 'another mode than it runs in',
    code: 'XDPOL_E_MODE_CHANGE',
    exit: 1,
    make: () => {
      filtered();
      return { options: ['--mode', 'generic'] };
    },
  },
  {
    name: 'another hook than it runs at',
    code: 'XDPOL_E_HOOK_CHANGE',
    exit: 1,
    make: () => {
      filtered();
      return { options: ['--hook', 'tcx'] };
    },
  },
  {
    name: 'tcx is full at egress',
    code: 'XDPOL_E_EGRESS_REFUSED',
    exit: 1,
    make: () => {
      fillTcx('egress');
      return {};
    },
  },
  {
    name: 'tcx is full at ingress',
    code: 'XDPOL_E_TCX_REFUSED',
    exit: 1,
    make: () => {
      fillTcx('ingress');
      return { options: ['--hook', 'tcx'] };
    },
  },
  {
    name: '--ingress-only where packets that leave are filtered',
    code: 'XDPOL_E_EGRESS_FILTERED',
    exit: 1,
    isOfApplyAlone: true,
    make: () => {
      filtered();
      return { options: ['--ingress-only'] };
    },
  },
];

const OLD_KERNELS: readonly Case[] = [
  {
    name: 'without tcx: a BPF filter of somebody else at our place',
    code: 'XDPOL_E_EGRESS_TAKEN',
    exit: 1,
    make: () => {
      addFilter('egress', 'handle', '0x7864706f', 'bpf', 'da', 'obj', accept(), 'sec', 'tc');
      return { inside: oldKernel(pair.directory).withoutTcx };
    },
  },
  {
    name: 'without tcx: a filter of another kind at our place',
    code: 'XDPOL_E_EGRESS_TAKEN',
    exit: 1,
    make: () => {
      addFilter('egress', ...OTHER_KIND);
      return { inside: oldKernel(pair.directory).withoutTcx };
    },
  },
  {
    name: 'without tcx: a filter of another kind at our place at ingress',
    code: 'XDPOL_E_TCX_TAKEN',
    exit: 1,
    make: () => {
      addFilter('ingress', ...OTHER_KIND);
      return { inside: oldKernel(pair.directory).withoutTcx, options: ['--hook', 'tcx'] };
    },
  },
  {
    name: 'without tcx: the qdisc ingress in the place of clsact',
    code: 'XDPOL_E_EGRESS_TAKEN',
    exit: 1,
    make: () => {
      addQdisc('ingress');
      return { inside: oldKernel(pair.directory).withoutTcx };
    },
  },
  {
    name: 'without tcx and clsact',
    code: 'XDPOL_E_EGRESS_UNAVAILABLE',
    exit: 1,
    make: () => ({ inside: oldKernel(pair.directory).withoutBoth }),
  },
  {
    name: 'without tcx and clsact, at ingress',
    code: 'XDPOL_E_TCX_UNAVAILABLE',
    exit: 1,
    make: () => ({ inside: oldKernel(pair.directory).withoutBoth, options: ['--hook', 'tcx'] }),
  },
];

const POLICIES: readonly Case[] = [
  {
    name: 'the host cut off from itself',
    policy: ALL,
    code: 'XDPOL_E_LOOPBACK',
    exit: 1,
    make: () => ({ interfaces: ['lo'] }),
  },
  {
    name: 'a connection of now would be cut',
    code: 'XDPOL_E_LOCKOUT',
    exit: 1,
    make: async () => {
      await connect();
      return {};
    },
  },
  {
    name: 'protected traffic would be dropped',
    code: 'XP0420',
    exit: 3,
    make: () => {
      write('config.yaml', PROTECT);
      return {};
    },
  },
  { name: 'a test of the policy fails', policy: TESTED, code: 'XP0320', exit: 3, make: () => ({}) },
  {
    name: 'an error in it',
    policy: WEB.replace('80', '70000'),
    code: 'XP0111',
    exit: 3,
    isOfApplyAlone: true,
    make: () => ({}),
  },
  { name: 'it is not there', policy: '', code: 'XDPOL_E_NOT_STORED', exit: 1, make: () => ({}) },
];

const SURROUNDINGS: readonly Case[] = [
  {
    name: 'a damaged configuration',
    code: 'XDPOL_E_CONFIG',
    exit: 1,
    make: () => {
      write('config.yaml', 'protect: [');
      return {};
    },
  },
  {
    name: 'a store that is read-only',
    code: 'XDPOL_E_STORE',
    exit: 1,
    make: () => {
      host('mount', '--bind', state(), state());
      host('mount', '-o', 'remount,bind,ro', state());
      return { end: () => host('umount', state()) };
    },
  },
  {
    name: 'a store on a disk that has no room for one version more',
    code: 'XDPOL_E_STORE',
    exit: 1,
    isOfApplyAlone: true,
    make: () => {
      host('mount', '-t', 'tmpfs', '-o', 'nr_inodes=10', 'tmpfs', state());
      store('other', WEB);
      return { end: () => host('umount', state()) };
    },
  },
  {
    name: 'a store of a newer xdpol',
    code: 'XDPOL_E_STORE_FORMAT',
    exit: 1,
    make: () => {
      writeFileSync(join(state(), 'format'), '99\n');
      return {};
    },
  },
  {
    name: 'another command that changes something',
    code: 'XDPOL_E_LOCKED',
    exit: 1,
    make: () => {
      const lock = holdStore(pair);
      return { end: () => lock[Symbol.dispose]() };
    },
  },
  {
    name: 'no BPF file system',
    code: 'XDPOL_E_BPFFS',
    exit: 1,
    make: () => ({ env: [`XDPOL_BPFFS=${join(pair.directory, 'nowhere')}`] }),
  },
  {
    name: 'a BPF file system that is read-only',
    code: 'XDPOL_E_BPFFS',
    exit: 1,
    make: () => {
      const bpffs = pair.env['XDPOL_BPFFS'] ?? '';
      host('mount', '-o', 'remount,ro', bpffs);
      return { end: () => host('mount', '-o', 'remount,rw', bpffs) };
    },
  },
  {
    name: 'pins on a BPF file system that has become read-only',
    code: 'XDPOL_E_BPFFS',
    exit: 1,
    make: () => {
      filtered();
      const bpffs = pair.env['XDPOL_BPFFS'] ?? '';
      host('mount', '-o', 'remount,ro', bpffs);
      return { end: () => host('mount', '-o', 'remount,rw', bpffs) };
    },
  },
  {
    name: 'a process without the capabilities',
    code: 'XDPOL_E_PRIVILEGES',
    exit: 1,
    make: () => ({ inside: (argv) => ['setpriv', '--bounding-set=-sys_admin', '--inh-caps=-sys_admin', ...argv] }),
  },
];

/** Of the log of changes and the counts of what happened, which tell of what was refused. */
const RECORDS = new Set(['changes.jsonl', 'tallies.json']);

const HOOKS = `ip -d -o link; tc qdisc; for name in $(ip -o link | sed 's/^[0-9]*: \\([^:@]*\\).*/\\1/'); do
  for hook in ingress egress; do tc filter show dev $name $hook; done; done`;

/** What a change could leave: pins, programs at the hooks, qdiscs, and the store. */
function everything(): readonly string[] {
  const files = (folder: string): readonly string[] =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => !RECORDS.has(name))
      .sort();
  return [...files(pair.env['XDPOL_BPFFS'] ?? ''), ...host('sh', '-c', HOOKS).split('\n'), ...files(state())];
}

/** Of the error, or of the first diagnostic that is one. */
function codeOf(stdout: string): string {
  const { error, diagnostics } = JSON.parse(stdout) as {
    error: { code: string | null };
    diagnostics: readonly { code: string; severity: string }[];
  };
  return error.code ?? diagnostics.find(({ severity }) => severity === 'error')?.code ?? '';
}

/** Codes for which assign was asked already: it goes the way of apply, so once for each is enough. */
const asked = new Set<string>();

function refuses({ name, code, exit, policy = WEB, isOfApplyAlone = false, make }: Case): void {
  const isAssigned = !isOfApplyAlone && !asked.has(code);
  if (isAssigned) asked.add(code);
  test(`${name}: ${code}`, { timeout: 60_000 }, async () => {
    const file = policy === '' ? 'nowhere' : write('policy.yaml', policy);
    if (policy !== '' && !isOfApplyAlone) {
      store('web', policy);
    }
    const { interfaces = [device], options = [], env = [], inside = (argv) => argv, end } = await make();
    const how = [...interfaces.flatMap((each) => ['-i', each]), ...options, '--json'];
    const run = (...args: readonly string[]): Outcome =>
      pair.run(pair.host, ['env', ...env, ...inside(pair.xdpol(...args, ...how))]);
    try {
      const before = everything();
      const ways = [
        ['apply', file, '--dry-run'],
        ['apply', file],
        ...(isAssigned ? [['assign', policy === '' ? 'nowhere' : 'web']] : []),
      ];
      for (const way of ways) {
        const { status, stdout, stderr } = run(...way);
        expect([status, codeOf(stdout)], `${way.join(' ')}: ${stderr}${stdout}`).toEqual([exit, code]);
        expect(everything(), way.join(' ')).toEqual(before);
      }
    } finally {
      end?.();
    }
  });
}

describe('an interface', () => INTERFACES.forEach(refuses));
describe('an older kernel', () => OLD_KERNELS.forEach(refuses));
describe('a policy', () => POLICIES.forEach(refuses));
describe('what is around', () => SURROUNDINGS.forEach(refuses));
