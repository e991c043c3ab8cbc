/**
 * A fleet of three hosts in network namespaces: roles as groups, a web server that becomes a mail server by one label, a
 * policy that cuts the hosts off and returns, and a host that goes on filtering without the front. Touches no real interface.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { FleetHost, FleetNetwork } from './fleet-network.ts';
import { makeFleetNetwork } from './fleet-network.ts';
import { removeLeftovers, runOn, startOn } from './network.ts';

const NAMES = ['web1', 'web2', 'mail1'] as const;
const FRONT_PORT = 9479;
/** Milliseconds for which a state is waited for. */
const PATIENCE = 45_000;
const PORTS: Readonly<Record<string, number>> = { web: 80, mail: 25 };

const path = (relative: string): string => fileURLToPath(new URL(`../${relative}`, import.meta.url));
const XDPOL: readonly string[] = [process.execPath, path('dist/cli/main.js')];
const PROBE: readonly string[] = [process.execPath, '--import', import.meta.resolve('tsx'), path('demo/probe.ts')];

const started: ChildProcess[] = [];
let wrong = 0;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function step(text: string): void {
  say(`\n==> ${text}`);
}

/** A role's port and the way to the front are open, the rest of what the host is sent is dropped. */
function policyText(role: string, front: string | undefined): string {
  const orders = `  - { name: Orders, action: permit, filters: [{ source: me, destination: ${front}, protocol: tcp, destinationPort: ${FRONT_PORT}, mirrored: established }] }\n`;
  return `name: ${role}
rules:
${front === undefined ? '' : orders}  - { name: Service, action: permit, filters: [{ source: any, destination: me, protocol: tcp, destinationPort: ${PORTS[role]} }] }
  - { name: Rest, action: block, filters: [{ source: any, destination: me }] }
`;
}

class Demo {
  readonly #network: FleetNetwork;
  readonly #env: NodeJS.ProcessEnv;
  #front: ChildProcess | undefined;
  /** Of the agents, by host. */
  readonly #logs = new Map<string, string>();

  constructor(network: FleetNetwork) {
    this.#network = network;
    const { address } = network.front;
    const XDPOL_FRONT = `https://${address}:${FRONT_PORT}`;
    this.#env = { ...process.env, XDPOL_FLEET_DIR: join(network.folder, 'centre'), XDPOL_FRONT };
  }

  async run(): Promise<void> {
    await this.#setUp();
    await this.#order();
    step('xdpol fleet host web2 --label role=mail: one label, and the web server is a mail server');
    await this.#fleet('host', 'web2', '--label', 'role=mail');
    await this.#connectAll({ web1: 'web', web2: 'mail', mail1: 'mail' });
    await this.#cutOff();
    step('the front is killed: every host goes on filtering');
    this.#front?.kill('SIGKILL');
    await this.#connectAll({ web1: 'web', web2: 'mail', mail1: 'mail' });
  }

  async #setUp(): Promise<void> {
    const { front, hosts } = this.#network;
    step('xdpol fleet init, xdpol fleet front: a front with its own store');
    say((await this.#fleet('init', '--address', front.address)).trimEnd());
    const listen = `${front.address}:${FRONT_PORT}`;
    this.#front = await this.#start(front, this.#env, [...XDPOL, 'fleet', 'front', '--listen', listen]);
    step('two groups by label, three hosts that join with a token each');
    for (const role of Object.keys(PORTS))
      await this.#fleet('group', role, '--priority', '10', '--select', `role = ${role}`);
    for (const host of hosts) await this.#join(host);
  }

  async #join(host: FleetHost): Promise<void> {
    const { front } = this.#network;
    await this.#fleet('host', host.name, '--label', `role=${host.name.replace(/\d/u, '')}`);
    const { token } = JSON.parse(await this.#fleet('token', host.name, '--json')) as { readonly token: string };
    const to = join(host.folder, 'fleet');
    const listen = `${front.address}:${FRONT_PORT}`;
    const argv = [...XDPOL, 'fleet', 'join', listen, '--name', host.name, '--token', token, '--to', to];
    requireDone(argv, await runOn(host, host.env, argv));
    const fleet = `{ fronts: ["https://${listen}"], credentials: ${to}, drift: undo }`;
    writeFileSync(join(host.folder, 'config.yaml'), `interfaces: [${host.device}]\nfleet: ${fleet}\n`);
    await this.#start(host, host.env, [...PROBE, 'listen', ...Object.values(PORTS).map(String)]);
    const agent = await this.#start(host, host.env, [...XDPOL, 'agent']);
    agent.stderr?.on('data', (text: Buffer) => this.#logs.set(host.name, (this.#logs.get(host.name) ?? '') + text));
    say(`${host.name} ${host.address} has joined, and its agent follows the front`);
  }

  async #order(): Promise<void> {
    const { front, folder } = this.#network;
    step('the roles are published, and ordered for their groups');
    for (const role of Object.keys(PORTS)) {
      const file = join(folder, `${role}.yaml`);
      writeFileSync(file, policyText(role, front.address));
      await this.#fleet('publish', file);
      say((await this.#fleet('order', `group/${role}`, role)).trimEnd());
    }
    await this.#connectAll({ web1: 'web', web2: 'web', mail1: 'mail' });
  }

  async #cutOff(): Promise<void> {
    step('a policy that forgets the way to the front is ordered for web1, the first of its group');
    const file = join(this.#network.folder, 'bad.yaml');
    writeFileSync(file, policyText('web', undefined));
    await this.#fleet('publish', file);
    await this.#fleet('order', 'host/web1', 'web');
    await waitFor('web1 to take it back', async () => (await this.#fleet('status')).includes('rolled-back'));
    say((await this.#fleet('status')).trimEnd());
    await this.#fleet('order', 'host/web1', '--unassign');
    await this.#connectAll({ web1: 'web', web2: 'mail', mail1: 'mail' });
  }

  /** Real connections from the machine of the front: each host answers at the port of its role alone. */
  async #connectAll(roles: Readonly<Record<(typeof NAMES)[number], string>>): Promise<void> {
    const { front, hosts } = this.#network;
    const look = async ({ address }: FleetHost): Promise<string> => {
      const open: string[] = [];
      for (const [role, port] of Object.entries(PORTS)) {
        const { stdout } = await runOn(front, process.env, [...PROBE, 'connect', address, String(port)]);
        if (stdout.trim() === 'connected') open.push(role);
      }
      return open.join(', ') || 'nothing';
    };
    for (const host of hosts) {
      const wanted = roles[host.name as (typeof NAMES)[number]];
      let found = '';
      const isReached = async (): Promise<boolean> => {
        found = await look(host);
        return found === wanted;
      };
      const isRight = await waitFor(`${host.name} to answer as ${wanted} alone`, isReached);
      if (!isRight) {
        wrong++;
        say(this.#logs.get(host.name) ?? '');
      }
      say(`${host.name.padEnd(6)} answers at: ${found.padEnd(10)} ${isRight ? 'ok' : `WRONG, ${wanted} was ordered`}`);
    }
  }

  async #fleet(...args: readonly string[]): Promise<string> {
    const argv = [...XDPOL, 'fleet', ...args];
    return requireDone(argv, await runOn(this.#network.front, this.#env, argv));
  }

  /** Until it says something: that it listens. */
  async #start(
    where: FleetHost | FleetNetwork['front'],
    env: NodeJS.ProcessEnv,
    argv: readonly string[],
  ): Promise<ChildProcess> {
    const child = startOn(where, env, argv);
    started.push(child);
    const said = [child.stdout, child.stderr].flatMap((output) => (output === null ? [] : [once(output, 'data')]));
    const ended = once(child, 'exit').then(() => Promise.reject(new Error(`${argv.join(' ')} ended at once`)));
    // It is ended at the end of the demo, which is no failure.
    ended.catch(() => undefined);
    await Promise.race([...said, ended]);
    for (const output of [child.stdout, child.stderr]) output?.resume();
    return child;
  }
}

function requireDone(argv: readonly string[], { status, stdout, stderr }: Awaited<ReturnType<typeof runOn>>): string {
  if (status === 0) return stdout;
  throw new Error(`${argv.slice(2).join(' ')} ended with ${String(status)}:\n${stderr}`);
}

async function waitFor(what: string, isReached: () => Promise<boolean>): Promise<boolean> {
  const end = performance.now() + PATIENCE;
  for (;;) {
    if (await isReached()) return true;
    if (performance.now() > end) break;
    await sleep(300);
  }
  say(`waited in vain for ${what}`);
  return false;
}

async function main(): Promise<void> {
  if (process.geteuid?.() !== 0) throw new Error('the demo makes network namespaces: run it as root');
  const begun = performance.now();
  removeLeftovers();
  step('three hosts and the machine of a front, joined by a bridge');
  const network = makeFleetNetwork(NAMES);
  const end = (): void => {
    for (const child of started) child.kill('SIGKILL');
    network[Symbol.dispose]();
  };
  const interrupted = (): void => {
    end();
    process.exit(130);
  };
  process.on('SIGINT', interrupted).on('SIGTERM', interrupted);
  try {
    await new Demo(network).run();
    const seconds = Math.round((performance.now() - begun) / 1000);
    step(
      wrong === 0 ? `every host did what was ordered, in ${seconds} s` : `${wrong} hosts did not do what was ordered`,
    );
    process.exitCode = wrong === 0 ? 0 : 1;
  } finally {
    end();
  }
}

await main().catch((error: unknown) => {
  process.stderr.write(`demo: error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
