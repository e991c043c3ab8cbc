/**
 * Where pins live: `<bpffs>/xdpol/net-<inode>-<cookie>/<interface>/`. The inode tells whether the network namespace
 * lives; it may be another one's later, the cookie may not.
 *
 * Pins must outlive the command that makes them. Under `ip netns exec` a command has a mount
 * namespace of its own, whose /sys is new and goes with it; so the bpffs used is that of the
 * outermost ancestor process that can be looked into, which is the shell's or the service's.
 */
import { execFileSync } from 'node:child_process';
import {
  accessSync,
  constants,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  statSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { BpfError, isBpffs, mountBpffs, networkNamespaceCookie, openPinnedLink, unlinkPin } from 'libbpf-ts-bindings';
import { EnvironmentError } from '../base/environment-error.ts';
import { messageOf } from '../base/message-of.ts';

const BPFFS = '/sys/fs/bpf';

interface MountNamespace {
  readonly pid: number;
  /** Its root as a path of ours; empty for our own namespace. */
  readonly root: string;
}

function mountNamespaceOf(pid: number | 'self'): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`);
  } catch {
    return undefined;
  }
}

/** From this process outwards. */
function ancestors(): number[] {
  const pids: number[] = [];
  for (let pid = process.ppid; pid > 0; ) {
    pids.push(pid);
    try {
      // The command name, in parentheses, may contain anything; the parent's id is the second field after it.
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      pid = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    } catch {
      break;
    }
  }
  return pids;
}

function outermostNamespace(): MountNamespace {
  const own = mountNamespaceOf('self');
  const outermost = ancestors().findLast((pid) => mountNamespaceOf(pid) !== undefined);
  if (outermost === undefined || mountNamespaceOf(outermost) === own) return { pid: process.pid, root: '' };
  return { pid: outermost, root: `/proc/${outermost}/root` };
}

/** `XDPOL_BPFFS` names another bpffs. */
function location(): { readonly path: string; readonly namespace: MountNamespace } {
  const override = process.env['XDPOL_BPFFS'];
  const namespace = override === undefined ? outermostNamespace() : { pid: process.pid, root: '' };
  return { path: `${namespace.root}${override ?? BPFFS}`, namespace };
}

function hasBpffs(path: string): boolean {
  return isThere(path) && isBpffs(path);
}

function mount(path: string, namespace: MountNamespace): void {
  try {
    if (namespace.root === '') mountBpffs(path);
    else
      execFileSync('nsenter', ['-t', String(namespace.pid), '-m', 'mount', '-t', 'bpf', 'bpf', BPFFS], {
        stdio: 'pipe',
      });
  } catch (cause) {
    const shown = path.slice(namespace.root.length);
    throw new EnvironmentError('XDPOL_E_BPFFS', `there is no BPF file system at ${shown}, and it cannot be mounted`, {
      help: `as root: mount -t bpf bpf ${shown}`,
      cause,
    });
  }
}

let ownNamespace: string | undefined;

/** Of the network namespace of this process, which stays in it. */
function namespaceDirectory(bpffs: string): string {
  ownNamespace ??= `net-${statSync('/proc/self/ns/net').ino}-${networkNamespaceCookie()}`;
  return join(bpffs, 'xdpol', ownNamespace);
}

/** The directory of this network namespace's pins, mounting and making what is missing. */
export function makePinRoot(): string {
  const { path, namespace } = location();
  if (!hasBpffs(path)) mount(path, namespace);
  const root = namespaceDirectory(path);
  try {
    mkdirSync(root, { recursive: true, mode: 0o700 });
    requireWritable(root);
  } catch (cause) {
    throw unwritable(path.slice(namespace.root.length), cause);
  }
  return root;
}

/** access(2) of a user who is not root does not look at capabilities: only what holds for everyone is believed. */
function requireWritable(root: string): void {
  try {
    accessSync(root, constants.W_OK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EROFS') throw error;
  }
}

/** mkdir with `recursive` says ENOENT of a file system that is read-only. */
function unwritable(bpffs: string, cause: unknown): EnvironmentError {
  const { code } = cause as NodeJS.ErrnoException;
  const isReadOnly = code === 'EROFS' || code === 'ENOENT';
  const message = `the BPF file system at ${bpffs} takes no pins: ${isReadOnly ? 'it is read-only' : messageOf(cause)}`;
  const help = isReadOnly ? `mount -o remount,rw ${bpffs}` : `see: mount -t bpf; ls -ld ${bpffs}`;
  return new EnvironmentError('XDPOL_E_BPFFS', message, { help, cause });
}

/** The same where it exists; undefined where nothing was ever pinned. */
export function findPinRoot(): string | undefined {
  const { path } = location();
  try {
    const root = namespaceDirectory(path);
    return hasBpffs(path) && statSync(root).isDirectory() ? root : undefined;
  } catch {
    return undefined;
  }
}

/** Linux gives an interface name at most 15 characters, so no interface is ever called this. */
const ENDED = 'ended-by-a-command';

/** Whoever keeps policies in force leaves this network namespace alone, until one is put in force by a command. */
export function markEndedOnPurpose(): void {
  mkdirSync(join(makePinRoot(), ENDED), { recursive: true, mode: 0o700 });
}

export function unmarkEndedOnPurpose(): void {
  const root = findPinRoot();
  if (root !== undefined) removeEmptyDirectory(join(root, ENDED));
}

export function isEndedOnPurpose(): boolean {
  const root = findPinRoot();
  return root !== undefined && isThere(join(root, ENDED));
}

/** Linux gives an interface name at most 15 characters, so no interface is ever called this. */
const LIVE_TABLES = 'members-of-live-sets';

/** Where the tables of live sets are pinned, which belong to no one interface. */
export function liveTablesDirectory(root: string): string {
  return join(root, LIVE_TABLES);
}

/** bpffs takes no dots in names; interface names have them (eth0.100) and never a colon. */
export function interfaceDirectory(root: string, name: string): string {
  return join(root, name.replaceAll('.', ':'));
}

/** Of pins whose interface is in another network namespace while another one has its name. */
const PARKED = /^in-another-namespace-\d+-(?<name>.+)$/u;

/** Longer than the name of any interface, so never in the way of one. */
export function parkedDirectory(root: string, name: string): string {
  const taken = new Set(listDirectory(root));
  for (let number = 1; ; number++) {
    const entry = `in-another-namespace-${number}-${name.replaceAll('.', ':')}`;
    if (!taken.has(entry)) return join(root, entry);
  }
}

export function isParked(directory: string): boolean {
  return PARKED.test(basename(directory));
}

/** The name that the interface had when its pins were put here. */
export function nameOfDirectory(directory: string): string {
  const entry = basename(directory);
  return (PARKED.exec(entry)?.groups?.['name'] ?? entry).replaceAll(':', '.');
}

export function listDirectory(path: string): string[] {
  try {
    return readdirSync(path).sort();
  } catch {
    return [];
  }
}

/** Another process removed it first, or pins in it now. */
const NOT_OURS_TO_REMOVE: ReadonlySet<string> = new Set(['ENOENT', 'ENOTEMPTY']);

/** Removes a directory that is empty; one that is gone, or in use again, is left as it is. */
export function removeEmptyDirectory(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    if (!NOT_OURS_TO_REMOVE.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

/** One that is gone already is fine. */
export function removePin(path: string): void {
  try {
    unlinkPin(path);
  } catch (error) {
    if (!(error instanceof BpfError && error.code === 'ENOENT')) throw error;
  }
}

/** Unpins everything in an interface's directory, if there is one, and removes it. */
export function removeInterfaceDirectory(directory: string): void {
  for (const name of listDirectory(directory)) removePin(join(directory, name));
  removeEmptyDirectory(directory);
}

function linkIsDead(path: string): boolean {
  try {
    using link = openPinnedLink(path);
    return link.ifindex === 0;
  } catch (error) {
    if (error instanceof BpfError) return false;
    throw error;
  }
}

/** Network namespaces that a process is in or that have a name: for each inode, a path that leads there. */
function liveNamespaces(): ReadonlyMap<string, string> {
  const named = listDirectory('/run/netns').map((name) => `/run/netns/${name}`);
  const ofProcesses = listDirectory('/proc')
    .filter((entry) => /^\d+$/u.test(entry))
    .map((pid) => `/proc/${pid}/ns/net`);
  const pathOf = new Map<string, string>();
  for (const path of [...ofProcesses, ...named]) {
    try {
      pathOf.set(String(statSync(path).ino), path);
    } catch {
      // The process ended, or may not be looked into: its namespace is another's too, or its links are asked.
    }
  }
  return pathOf;
}

/** Whether the namespace at a path is the one with this cookie; one that cannot be asked may be. */
function mayHaveCookie(path: string, cookie: string | undefined): boolean {
  try {
    return String(networkNamespaceCookie(path)) === cookie;
  } catch (error) {
    if (error instanceof BpfError) return true;
    throw error;
  }
}

/**
 * A directory whose namespace lives is left: a command in that namespace may be filling it at this moment. Its inode
 * may be another namespace's by now, so the cookie is compared. The interfaces of a namespace that is gone may live on
 * in another one, with their links.
 */
function isDead(directory: string, interfaces: readonly string[], live: ReadonlyMap<string, string>): boolean {
  const [, inode = '', cookie] = basename(directory).split('-');
  const path = live.get(inode);
  if (path !== undefined && mayHaveCookie(path, cookie)) return false;
  const links = interfaces.flatMap((name) =>
    listDirectory(name)
      .filter((pin) => pin === 'ingress' || pin === 'egress')
      .map((pin) => join(name, pin)),
  );
  return links.every(linkIsDead);
}

/** Sweeping is housekeeping: what cannot be removed now is left to the next sweep and fails no apply. */
function sweepNamespace(directory: string): void {
  try {
    for (const entry of listDirectory(directory)) removeInterfaceDirectory(join(directory, entry));
    removeEmptyDirectory(directory);
  } catch (error) {
    if (!(error instanceof BpfError) && (error as NodeJS.ErrnoException).code === undefined) throw error;
  }
}

/**
 * Removes what namespaces left behind that are gone: nobody is in them, and their links, if any, have lost their
 * interface. Other processes may sweep at the same time.
 */
export function sweepDeadNamespaces(root: string): void {
  const all = join(root, '..');
  const others = listDirectory(all).filter((name) => join(all, name) !== root);
  if (others.length === 0) return;
  const live = liveNamespaces();
  for (const name of others) {
    const directory = join(all, name);
    const interfaces = listDirectory(directory).map((entry) => join(directory, entry));
    if (!isDead(directory, interfaces, live)) continue;
    sweepNamespace(directory);
  }
}

/** existsSync asks access(2), which does not look at the capabilities of a user who is not root. */
export function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
