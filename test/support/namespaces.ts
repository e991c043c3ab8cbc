/**
 * Two network namespaces joined by a veth pair, with a BPF file system and a state folder of their
 * own: nothing of the host is touched, and everything goes when the pair is disposed or the process
 * ends. Neighbours are static and IPv6 has settled, so what is sent is what is counted.
 */
import type { ChildProcess, SpawnOptions, SpawnSyncReturns } from 'node:child_process';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isBpffs, mountBpffs } from 'libbpf-ts-bindings';
import { isProgram, program } from './program.ts';
import type { VerbRequest } from './warm-verbs.ts';
import { WarmVerbs } from './warm-verbs.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** One end of the pair. */
export interface Side {
  readonly namespace: string;
  readonly device: string;
  readonly mac: string;
  readonly ipv4: string;
  readonly ipv6: string;
}

export interface PairOptions {
  /** Without, the namespaces have IPv4 only and send nothing by themselves. True unless given. */
  readonly ipv6?: boolean;
  /** Is each verb a process of its own, and not one after another in a process that is warm? */
  readonly ownProcesses?: boolean;
}

/** Milliseconds. */
const CARRIER_TIMEOUT = 5000;
const POLL = 10;
const SETTLE = 200;

const LEFTOVER = /^xp\d+-\d+/u;

const live = new Set<NamespacePair>();
let made = 0;

process.on('exit', () => {
  for (const pair of live) pair[Symbol.dispose]();
});

function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

function sideOf(namespace: string, number: 1 | 2): Side {
  return {
    namespace,
    device: `eth${number - 1}`,
    mac: `02:00:00:00:00:0${number}`,
    ipv4: `192.0.2.${number}`,
    ipv6: `2001:db8::${number}`,
  };
}

/** What test runs left that were killed: names tell which process made them. */
function removeLeftovers(): void {
  const isDead = (name: string): boolean =>
    !existsSync(`/proc/${/^xp(?<pid>\d+)-/u.exec(name)?.groups?.['pid'] ?? ''}`);
  const listed = execFileSync('ip', ['-o', 'netns', 'list'], { encoding: 'utf8' }).split('\n');
  const namespaces = listed.map((line) => line.split(' ')[0] ?? '').filter((name) => LEFTOVER.test(name));
  for (const name of namespaces.filter(isDead)) spawnSync('ip', ['netns', 'del', name], { stdio: 'ignore' });
  for (const name of readdirSync(tmpdir()).filter((entry) => LEFTOVER.test(entry) && isDead(entry))) {
    unmount(join(tmpdir(), name));
    rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}

/** What is mounted in a pair's folder: some tests have the state on a disk of its own. */
function unmount(directory: string): void {
  for (const name of ['bpffs', 'state']) spawnSync('umount', ['--lazy', join(directory, name)], { stdio: 'ignore' });
}

/** The result of a command: its output, whatever its exit code. */
export type Outcome = SpawnSyncReturns<string>;

export class NamespacePair implements Disposable {
  /** Where xdpol runs. */
  readonly host: Side;
  readonly peer: Side;
  /** Temporary; gone after dispose. */
  readonly directory: string;
  readonly #children = new Set<ChildProcess>();
  /** By namespace. */
  readonly #warm = new Map<string, WarmVerbs>();
  readonly #ownProcesses: boolean;

  constructor({ ipv6 = true, ownProcesses = false }: PairOptions = {}) {
    this.#ownProcesses = ownProcesses;
    if (made === 0) removeLeftovers();
    const name = `xp${process.pid}-${made++}`;
    this.host = sideOf(`${name}h`, 1);
    this.peer = sideOf(`${name}p`, 2);
    this.directory = mkdtempSync(join(tmpdir(), `${name}-`));
    live.add(this);
    try {
      this.#build(ipv6);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** The configuration that xdpol reads; empty at first. */
  get config(): string {
    return join(this.directory, 'config.yaml');
  }

  /** What xdpol and whatever looks at its pins runs with. */
  get env(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      XDPOL_BPFFS: this.#bpffs,
      XDPOL_STATE_DIR: join(this.directory, 'state'),
      XDPOL_AGENT_SOCKET: join(this.directory, 'agent.sock'),
      XDPOL_CONFIG: this.config,
      XDPOL_CLIENT_DIR: join(this.directory, 'client'),
    };
  }

  /** Runs a command on one side, in the folder `cwd`. */
  run(side: Side, argv: readonly string[], input = '', cwd: string = ROOT): Outcome {
    const { env, words } = withoutEnv(argv);
    if (!this.#ownProcesses && input === '' && isProgram(words)) {
      return this.#runWarm(side, { argv: words.slice(1), env: { ...this.env, ...env }, cwd });
    }
    const [command = '', ...args] = enter(side, argv);
    return spawnSync(command, args, { cwd, env: this.env, encoding: 'utf8', input, maxBuffer: 1 << 26 });
  }

  /** The same for a command that must succeed; its standard output. */
  exec(side: Side, argv: readonly string[], input = ''): string {
    const { status, stdout, stderr, error } = this.run(side, argv, input);
    if (status !== 0) throw new Error(`${argv.join(' ')}: ${error?.message ?? `exit ${status}`}\n${stderr}${stdout}`);
    return stdout;
  }

  /** Starts a command on one side; it is killed when the pair is disposed. */
  spawn(side: Side, argv: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const [command = '', ...args] = enter(side, argv);
    const child = spawn(command, args, { cwd: ROOT, env: this.env, ...options });
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    return child;
  }

  /** The command line of xdpol, as it is built. */
  xdpol(...args: readonly string[]): readonly string[] {
    return program('main', ...args);
  }

  /** Ends the children, removes the namespaces, pins and files. Twice is fine. */
  [Symbol.dispose](): void {
    if (!live.delete(this)) return;
    for (const verbs of this.#warm.values()) verbs[Symbol.dispose]();
    for (const child of this.#children) child.kill('SIGKILL');
    for (const { namespace } of [this.host, this.peer])
      spawnSync('ip', ['netns', 'del', namespace], { stdio: 'ignore' });
    unmount(this.directory);
    // Tries again: a child that was just killed may have written a last file.
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }

  #runWarm(side: Side, request: VerbRequest): Outcome {
    const { namespace } = side;
    const verbs =
      this.#warm.get(namespace) ??
      new WarmVerbs(join(this.directory, namespace), (command) =>
        this.spawn(side, command, { stdio: ['ignore', 'ignore', 'inherit'] }),
      );
    this.#warm.set(namespace, verbs);
    const { status, stdout, stderr } = verbs.run(request);
    return { pid: 0, output: [null, stdout, stderr], stdout, stderr, status, signal: null };
  }

  get #bpffs(): string {
    return join(this.directory, 'bpffs');
  }

  #build(ipv6: boolean): void {
    mkdirSync(this.#bpffs);
    writeFileSync(this.config, '');
    if (!isBpffs(this.#bpffs)) mountBpffs(this.#bpffs);
    const sides = [this.host, this.peer] as const;
    for (const { namespace } of sides) {
      ip('netns', 'add', namespace);
      ip('-n', namespace, 'link', 'set', 'lo', 'up');
    }
    for (const side of sides) this.exec(side, ['sh', '-c', ipv6 ? QUIET_IPV6 : NO_IPV6]);
    const [a, b] = sides;
    const veth = ['netns', b.namespace, 'address', b.mac];
    ip('-n', a.namespace, 'link', 'add', a.device, 'address', a.mac, 'type', 'veth', 'peer', b.device, ...veth);
    for (const [side, other] of [sides, sides.toReversed()] as readonly (readonly [Side, Side])[])
      configure(side, other, ipv6);
    for (const side of sides) this.#awaitCarrier(side);
    if (ipv6) pause(SETTLE);
  }

  /** Until then the kernel drops what is sent. */
  #awaitCarrier({ namespace, device }: Side): void {
    for (let waited = 0; waited < CARRIER_TIMEOUT; waited += POLL) {
      if (execFileSync('ip', ['-n', namespace, 'link', 'show', device], { encoding: 'utf8' }).includes('state UP'))
        return;
      pause(POLL);
    }
    throw new Error(`${device} in ${namespace} has no carrier`);
  }
}

/** `env NAME=VALUE ... COMMAND` as what it sets, and the command. */
function withoutEnv(argv: readonly string[]): { readonly env: NodeJS.ProcessEnv; readonly words: readonly string[] } {
  if (argv[0] !== 'env') return { env: {}, words: argv };
  const end = argv.findIndex((word, i) => i > 0 && !/^\w+=/u.test(word));
  const set = argv.slice(1, end).map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]);
  return { env: Object.fromEntries(set) as NodeJS.ProcessEnv, words: argv.slice(end) };
}

/** Only the network namespace: pins and files stay those of this process. */
function enter({ namespace }: Side, argv: readonly string[]): readonly string[] {
  return ['nsenter', `--net=/run/netns/${namespace}`, '--', ...argv];
}

/** No router solicitations, no duplicate address detection, no link-local addresses; group reports at once. */
const QUIET_IPV6 = `cd /proc/sys/net/ipv6/conf && for scope in all default; do
  echo 0 > $scope/accept_ra; echo 0 > $scope/router_solicitations; echo 0 > $scope/accept_dad; echo 1 > $scope/addr_gen_mode
  echo 4 > $scope/mldv2_unsolicited_report_interval
done`;
const NO_IPV6 = 'cd /proc/sys/net/ipv6/conf && echo 1 > all/disable_ipv6 && echo 1 > default/disable_ipv6';

function configure(side: Side, other: Side, ipv6: boolean): void {
  const { namespace, device } = side;
  const on = ['-n', namespace] as const;
  ip(...on, 'address', 'add', `${side.ipv4}/24`, 'dev', device);
  if (ipv6) ip(...on, 'address', 'add', `${side.ipv6}/64`, 'dev', device, 'nodad');
  ip(...on, 'link', 'set', device, 'up');
  const neighbours = ipv6 ? [other.ipv4, other.ipv6] : [other.ipv4];
  for (const address of neighbours) {
    ip(...on, 'neighbour', 'replace', address, 'lladdr', other.mac, 'dev', device, 'nud', 'permanent');
  }
}
