/**
 * Three members of etcd on loopback, with TLS for clients. They reach each other through proxies of this process, so that
 * one can be cut off from the others while clients still reach it.
 */
import type { ChildProcess } from 'node:child_process';
import { execFile, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { present } from '../../src/base/assert.ts';
import { etcdCommandsOf } from './fleet-page.ts';

const execute = promisify(execFile);
const MEMBERS = [0, 1, 2];
/** Bytes of a request of one member to another that name the member which asks. */
const HEAD = 4096;

/** The way into one member. What is cut stays open, and nothing goes through. */
class Way {
  readonly #server: Server;
  readonly #pairs = new Map<readonly [Socket, Socket], string>();
  /** Whether what comes from the member of that address is held up. */
  isCut: (from: string) => boolean = () => false;

  constructor(to: () => number) {
    this.#server = createServer((inner) => {
      const outer = connect(to(), '127.0.0.1');
      const pair = [inner, outer] as const;
      let head = '';
      for (const socket of pair) {
        socket.on('error', () => undefined);
        socket.once('close', () => {
          this.#pairs.delete(pair);
          for (const one of pair) one.destroy();
        });
      }
      this.#pairs.set(pair, '');
      inner.on('data', (chunk) => {
        if (head.length < HEAD) {
          head += chunk.toString('latin1');
          this.#pairs.set(pair, /^X-PeerURLs: (?<from>\S+)/imu.exec(head)?.groups?.['from'] ?? '');
        }
        if (!this.isCut(present(this.#pairs.get(pair)))) outer.write(chunk);
      });
      outer.on('data', (chunk) => {
        if (!this.isCut(this.#pairs.get(pair) ?? '')) inner.write(chunk);
      });
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Messages are missing in what was cut: it begins anew. */
  renew(): void {
    for (const pair of this.#pairs.keys()) for (const socket of pair) socket.destroy();
  }

  close(): void {
    this.renew();
    this.#server.close();
  }
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export class EtcdCluster implements AsyncDisposable {
  readonly urls: readonly string[];
  readonly #folder: string;
  readonly #credentials: string;
  readonly #clients: readonly number[];
  readonly #peers: readonly number[];
  readonly #proxies: readonly Way[];
  readonly #ways: readonly string[];
  readonly #processes: (ChildProcess | undefined)[] = [];
  #data = 'data';

  private constructor(
    folder: string,
    credentials: string,
    ports: { clients: readonly number[]; peers: readonly number[] },
    proxies: readonly Way[],
    ways: readonly string[],
  ) {
    this.#folder = folder;
    this.#credentials = credentials;
    this.#clients = ports.clients;
    this.#peers = ports.peers;
    this.#proxies = proxies;
    this.#ways = ways;
    this.urls = ports.clients.map((port) => `https://localhost:${port}`);
  }

  /** `credentials`: a folder with ca.crt, host.crt and host.key for localhost, which etcd shows and asks for. */
  static async start(folder: string, credentials: string): Promise<EtcdCluster> {
    const clients: number[] = [];
    const peers: number[] = [];
    for (const _ of MEMBERS) {
      clients.push(await freePort());
      peers.push(await freePort());
    }
    const proxies = MEMBERS.map((member) => new Way(() => present(peers[member])));
    const ways = await Promise.all(proxies.map(async (proxy) => await proxy.listen()));
    const cluster = new EtcdCluster(folder, credentials, { clients, peers }, proxies, ways);
    for (const member of MEMBERS) cluster.begin(member);
    return cluster;
  }

  begin(member: number): void {
    const file = (name: string): string => join(this.#credentials, name);
    const argv = [
      ...['--name', `m${member}`, '--data-dir', join(this.#folder, `${this.#data}${member}`)],
      ...['--listen-client-urls', `https://127.0.0.1:${present(this.#clients[member])}`],
      ...['--advertise-client-urls', present(this.urls[member])],
      ...['--listen-peer-urls', `http://127.0.0.1:${present(this.#peers[member])}`],
      ...['--initial-advertise-peer-urls', present(this.#ways[member]), '--initial-cluster', this.#cluster],
      ...['--cert-file', file('host.crt'), '--key-file', file('host.key'), '--trusted-ca-file', file('ca.crt')],
      ...['--client-cert-auth', '--log-level', 'error', '--logger', 'zap'],
    ];
    this.#processes[member] = spawn('etcd', argv, { stdio: 'ignore' });
  }

  async kill(member: number): Promise<void> {
    const process = this.#processes[member];
    if (process === undefined) return;
    this.#processes[member] = undefined;
    const ended = new Promise((resolve) => process.once('exit', resolve));
    process.kill('SIGKILL');
    await ended;
  }

  stop(member: number): void {
    this.#processes[member]?.kill('SIGSTOP');
  }

  goOn(member: number): void {
    this.#processes[member]?.kill('SIGCONT');
  }

  /** From the other members, not from clients. */
  cut(member: number): void {
    const from = this.#ways[member];
    for (const [at, proxy] of this.#proxies.entries()) proxy.isCut = (asks) => at === member || asks === from;
  }

  heal(): void {
    for (const proxy of this.#proxies) {
      proxy.isCut = () => false;
      proxy.renew();
    }
  }

  /** The member that leads, in the view of one that answers. */
  async leader(): Promise<number> {
    const text = await this.ctl(this.urls, 'endpoint', 'status', '--write-out', 'json');
    const members = JSON.parse(text) as readonly {
      readonly Endpoint: string;
      readonly Status: { readonly leader: number; readonly header: { readonly member_id: number } };
    }[];
    const found = members.find(({ Status }) => Status.leader === Status.header.member_id);
    return this.urls.indexOf(found?.Endpoint ?? '');
  }

  /** The members' traffic goes through this process, so it is not waited for in it. */
  async ctl(endpoints: readonly string[], ...args: readonly string[]): Promise<string> {
    const tls = ['--cacert', 'ca.crt', '--cert', 'host.crt', '--key', 'host.key'];
    return await this.#run(['--endpoints', endpoints.join(), '--command-timeout', '10s', ...tls, ...args]);
  }

  /** A command of docs/fleet.md, where the certificates are; `own`: words, and what is behind them here. */
  async etcdctl(command: string, own: readonly (readonly [words: string, value: string])[]): Promise<string> {
    let line = command;
    for (const [words, value] of own) {
      expect(line).toContain(`${words} `);
      line = line.replace(new RegExp(`${words} \\S+`, 'u'), `${words} ${value}`);
    }
    return await this.#run(line.split(' ').slice(1));
  }

  async #run(argv: readonly string[]): Promise<string> {
    const env = { ...process.env, ETCDCTL_API: '3' };
    return (await execute('etcdctl', argv, { env, encoding: 'utf8', cwd: this.#credentials })).stdout;
  }

  /** Everything that the members have is replaced by what is in the file, by the command of docs/fleet.md. */
  async restore(snapshot: string): Promise<void> {
    for (const member of MEMBERS) await this.kill(member);
    this.#data = 'restored';
    const [, command = ''] = etcdCommandsOf('Backup and restore');
    for (const member of MEMBERS) {
      const peer = present(this.#ways[member]);
      const own = [
        ['snapshot restore', snapshot],
        ['--name', `m${member}`],
        ['--data-dir', join(this.#folder, `${this.#data}${member}`)],
        ['--initial-cluster', this.#cluster],
        ['--initial-advertise-peer-urls', peer],
      ] as const;
      await this.etcdctl(command, own);
      this.begin(member);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const member of MEMBERS) await this.kill(member);
    for (const proxy of this.#proxies) proxy.close();
    for (const member of MEMBERS)
      rmSync(join(this.#folder, `${this.#data}${member}`), { recursive: true, force: true });
  }

  get #cluster(): string {
    return MEMBERS.map((member) => `m${member}=${present(this.#ways[member])}`).join();
  }
}
