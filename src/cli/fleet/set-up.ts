/** `fleet init`, `front`, `host`, `group`, `token` and `join`: who is part of a fleet. */
import { randomBytes, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../base/message-of.ts';
import { fleetError, putGroup, putHost, putToken } from '../../fleet/centre/change.ts';
import { putOrThrow } from '../../fleet/check-puts.ts';
import { EmbeddedStore } from '../../fleet/embedded/embedded-store.ts';
import { isName, NAME_RULE } from '../../fleet/fleet-names.ts';
import type { FleetStore } from '../../fleet/fleet-store.ts';
import type { FrontOptions } from '../../fleet/front/front.ts';
import { Front } from '../../fleet/front/front.ts';
import { FRONT_PORT } from '../../fleet/front-routes.ts';
import { joinFleet } from '../../fleet/join.ts';
import { digestOfAuthority, encodeToken, makeToken, readToken } from '../../fleet/join-token.ts';
import { KEYS } from '../../fleet/record-keys.ts';
import type { Labels } from '../../fleet/selector.ts';
import { isLabelWord, readSelector } from '../../fleet/selector.ts';
import { makeSigningKey, publicKeyText, readSigningKey } from '../../fleet/signing.ts';
import type { ListenAddress } from '../../formats/listen-address.ts';
import { LISTEN_HELP, parseListenAddress } from '../../formats/listen-address.ts';
import { configPath } from '../../host/config.ts';
import { Authority, addressFault, LIFETIMES } from '../../pki/authority.ts';
import { DurableFiles } from '../../store/durable.ts';
import { writeFailure } from '../../store/write-errors.ts';
import { UsageError } from '../exit.ts';
import { print, printJson, warn } from '../render/terminal.ts';
import type { FolderOptions, StoreOptions } from './centre-folder.ts';
import { CENTRE, centreKey, frontUrl, openFolder, openStore, readCentre, readTls } from './centre-folder.ts';
import { readFailure } from './read-failure.ts';

export interface JsonOptions {
  readonly json?: boolean;
}

export function requireName(name: string, what: string): void {
  if (!isName(name)) throw new UsageError(`"${name}" cannot be the name of a ${what}`, `write ${NAME_RULE}`);
}

export interface InitOptions extends FolderOptions {
  readonly name: string;
  readonly address?: readonly string[];
}

export async function init(options: InitOptions): Promise<void> {
  const { dir, name, address = [] } = options;
  requireName(name, 'front');
  for (const one of address) {
    const wrong = addressFault(one);
    if (wrong !== undefined) throw new UsageError(`--address ${one}: a front is not reached by that`, wrong);
  }
  if (existsSync(join(dir, CENTRE.key))) {
    throw fleetError(`${dir} has a fleet already`, 'use it, or give another folder: --dir FOLDER');
  }
  if (existsSync(join(dir, CENTRE.pki)))
    throw fleetError(
      `${dir} has a part of a fleet: it was not made to its end`,
      `remove ${dir} where you need nothing of it, or give another folder: --dir FOLDER`,
    );
  try {
    await makeFleet(options);
  } catch (error) {
    throw writeFailure(dir, error);
  }
  print(`${dir}: a fleet with its own certificate authority, a signing key and an empty store`);
  print(`start the front: xdpol fleet front --dir ${dir}; then add hosts: xdpol fleet host NAME`);
  print(`keep a copy of ${join(dir, CENTRE.key)} where nobody else reads it: hosts obey whoever has it`);
}

async function makeFleet({ dir, name, address = [] }: InitOptions): Promise<void> {
  const files = new DurableFiles();
  const write = (file: string, text: string): void => files.write(join(dir, file), Buffer.from(text));
  files.makeFolder(dir);
  const authority = new Authority(join(dir, CENTRE.pki));
  await authority.init('xdpol fleet', LIFETIMES.authority);
  const front = await authority.issue({ kind: 'host', name, addresses: ['localhost', ...address] }, LIFETIMES.host);
  const operator = await authority.issue(
    { kind: 'operator', name: 'operator', role: 'administrator' },
    LIFETIMES.operator,
  );
  files.rename(front.folder, join(dir, CENTRE.front));
  files.rename(operator.folder, join(dir, CENTRE.operator));
  const pem = makeSigningKey();
  const key = readSigningKey(pem);
  if (key !== undefined) write(CENTRE.operators, `${publicKeyText(key.key)}\n`);
  write(CENTRE.url, `https://localhost:${FRONT_PORT}\n`);
  await using store = new EmbeddedStore(join(dir, CENTRE.store));
  await putOrThrow(store, [{ key: KEYS.epoch, value: Buffer.from(randomBytes(16).toString('hex')), ifRevision: 0 }]);
  // Last: with it the fleet is there.
  write(CENTRE.key, pem);
}

export interface FrontVerbOptions extends FolderOptions {
  readonly listen: string;
  readonly store?: string;
  readonly etcd?: readonly string[];
}

function listenAddress(text: string): ListenAddress {
  const address = parseListenAddress(text);
  if (address === undefined) throw new UsageError(`--listen ${text}: not an address and a port`, LISTEN_HELP);
  return address;
}

export function operatorKeys(dir: string): readonly string[] {
  return readCentre(dir, CENTRE.operators)
    .split('\n')
    .filter((line) => line !== '');
}

/** The certificate of the authority goes with the front's own, so that a host with a token knows it. */
function frontTls(dir: string): { ca: string; crl: string; cert: string; key: string; minVersion: 'TLSv1.3' } {
  const tls = readTls(join(dir, CENTRE.front), 'host');
  const crl = join(dir, CENTRE.pki, 'crl.pem');
  const newest = existsSync(crl) ? readFileSync(crl, 'utf8') : tls.crl;
  return { ...tls, crl: newest, cert: `${tls.cert}${tls.ca}`, minVersion: 'TLSv1.3' };
}

/** Milliseconds between looks for new certificates and revocations. */
const LOOK_INTERVAL = 5000;

/** What a front without a store of its own begins with. */
async function openFrontStore({ dir, store, etcd }: FrontVerbOptions): Promise<FleetStore> {
  if (etcd === undefined) return openFolder(store ?? join(dir, CENTRE.store));
  for (const url of etcd) {
    if (URL.parse(url)?.protocol !== 'https:')
      throw new UsageError(`--etcd ${url}: not the address of a member of etcd`, 'write https://HOST:2379');
  }
  const { EtcdStore } = await import('../../fleet/etcd/etcd-store.ts');
  const opened = new EtcdStore(etcd, { ...readTls(join(dir, CENTRE.front), 'host'), crl: undefined });
  const epoch = Buffer.from(randomBytes(16).toString('hex'));
  // Where there is one, it stays.
  await opened.put([{ key: KEYS.epoch, value: epoch, ifRevision: 0 }]);
  return opened;
}

async function startFront(options: FrontOptions): Promise<Front> {
  try {
    return await Front.start(options);
  } catch (error) {
    const { listenFailure } = await import('../../agent/server.ts');
    throw (error as NodeJS.ErrnoException).syscall === 'listen' ? listenFailure(error, options.listen) : error;
  }
}

export async function front(options: FrontVerbOptions): Promise<void> {
  const { dir } = options;
  const listen = listenAddress(options.listen);
  const operators = operatorKeys(dir);
  const authority = new Authority(join(dir, CENTRE.pki));
  await using store = await openFrontStore(options);
  let tls = frontTls(dir);
  await using running = await startFront({
    store,
    tls,
    listen,
    admit: async (name, request) => {
      const { pem } = await authority.admit(name, request);
      const { authority: ca, revoked } = authority.published;
      return { certificate: pem, authority: ca, revoked, operators, fingerprint: digestOfAuthority(pem) };
    },
    warn: (message) => warn(`warning: ${message}`),
  });
  const { address, port, family } = running.address;
  print(`the front listens on ${family === 'IPv6' ? `[${address}]` : address}:${port}`);
  const look = setInterval(() => {
    try {
      const fresh = frontTls(dir);
      if (JSON.stringify(fresh) === JSON.stringify(tls)) return;
      running.useCredentials(fresh);
      tls = fresh;
      warn('the new keys, certificates and revocations are in use');
    } catch (error) {
      warn(`warning: the old keys, certificates and revocations stay in use: ${messageOf(error)}`);
    }
  }, LOOK_INTERVAL);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
  clearInterval(look);
}

export interface HostOptions extends StoreOptions, JsonOptions {
  readonly label?: readonly string[];
  readonly group?: readonly string[];
  readonly certificate?: string;
}

/** `role=web`, and `role=` to take a label away. */
function editLabels(before: Labels, texts: readonly string[]): Labels {
  const labels = new Map(Object.entries(before));
  for (const text of texts) {
    const [label = '', value = '', ...more] = text.split('=');
    const isRight =
      text.includes('=') && more.length === 0 && isLabelWord(label) && (value === '' || isLabelWord(value));
    if (!isRight) throw new UsageError(`--label ${text}: not a label`, 'write NAME=VALUE, such as role=web');
    if (value === '') labels.delete(label);
    else labels.set(label, value);
  }
  return Object.fromEntries(labels);
}

function fingerprintOf(path: string): string {
  try {
    return digestOfAuthority(new X509Certificate(readFileSync(path)).toString());
  } catch (cause) {
    throw readFailure(path, cause, 'name the file of a certificate, PEM');
  }
}

/** A group with a hyphen before it is left. */
function editGroups(before: readonly string[], texts: readonly string[]): readonly string[] {
  const groups = new Set(before);
  for (const text of texts) {
    const isLeft = text.startsWith('-');
    const group = isLeft ? text.slice(1) : text;
    requireName(group, 'group');
    if (isLeft) groups.delete(group);
    else groups.add(group);
  }
  return [...groups].sort();
}

export async function host(name: string, options: HostOptions): Promise<void> {
  requireName(name, 'host');
  const { label = [], group = [], certificate, json } = options;
  const given = certificate === undefined ? undefined : fingerprintOf(certificate);
  await using store = openStore(options);
  const record = await putHost(store, centreKey(options), name, (before) => ({
    name,
    labels: editLabels(before?.labels ?? {}, label),
    groups: editGroups(before?.groups ?? [], group),
    fingerprint: given ?? before?.fingerprint ?? null,
  }));
  if (json === true) {
    printJson({ host: record });
    return;
  }
  const labels = Object.entries(record.labels).map(([one, value]) => `${one}=${value}`);
  print(`${name}: labels ${labels.join(', ') || 'none'}; groups by name ${record.groups.join(', ') || 'none'}`);
  if (record.fingerprint === null) print(`let it join: xdpol fleet token ${name}`);
}

export interface GroupOptions extends StoreOptions, JsonOptions {
  readonly priority?: number;
  readonly select?: string;
}

export async function group(name: string, options: GroupOptions): Promise<void> {
  requireName(name, 'group');
  const { priority, select, json } = options;
  if (select !== undefined && select !== '' && readSelector(select) === undefined) {
    throw new UsageError(
      `--select "${select}" is no selector of labels`,
      'write "role = web, site in (ams, fra), tier != test"',
    );
  }
  await using store = openStore(options);
  const change = { name, priority, selector: select === '' ? null : select };
  const { group: record, hosts } = await putGroup(store, centreKey(options), change);
  if (json === true) printJson({ group: record, hosts });
  else {
    const who = hosts.length === 0 ? 'no host is in it' : `hosts: ${hosts.join(', ')}`;
    print(`${name}: priority ${record.priority}, selector ${record.selector ?? 'none'}; ${who}`);
  }
}

export interface TokenOptions extends StoreOptions, JsonOptions {
  readonly for: number;
}

export async function token(name: string, options: TokenOptions): Promise<void> {
  requireName(name, 'host');
  await using store = openStore(options);
  if ((await store.get(KEYS.host(name))) === undefined) {
    throw fleetError(`there is no host ${name}`, `add it first: xdpol fleet host ${name}`);
  }
  const made = makeToken(readCentre(join(options.dir, CENTRE.pki), 'ca.crt'), operatorKeys(options.dir));
  const expires = Date.now() + options.for * 1000;
  await putToken(store, name, made, expires);
  const text = encodeToken(made);
  if (options.json === true) printJson({ host: name, token: text, expires: new Date(expires).toISOString() });
  else print(`xdpol fleet join FRONT --name ${name} --token ${text}`);
}

export interface JoinOptions {
  readonly name?: string;
  readonly token: string;
  readonly to: string;
}

export async function joinAs(address: string, { name = hostname(), token: text, to }: JoinOptions): Promise<void> {
  requireName(name, 'host');
  const read = readToken(text);
  if (read === undefined) throw new UsageError('--token: not a token', 'take the one that xdpol fleet token printed');
  const url = frontUrl(address);
  await joinFleet({ front: url, token: read, name, folder: to });
  print(`${name} is part of the fleet: its key and certificate are in ${to}`);
  const file = configPath();
  print(`write into ${file}: fleet: { fronts: ["${url}"], credentials: ${to} }; then start the agent anew`);
}
