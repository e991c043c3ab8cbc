/** `fleet order`, `sign`, `ban`: what hosts are to have in force. */
import { readFileSync } from 'node:fs';
import type { Intent } from '../../fleet/centre/change.ts';
import {
  addBans,
  draftOrder,
  findPolicy,
  fleetError,
  giveOrder,
  ORDER_LIFE,
  orderedPolicy,
  putOrder,
} from '../../fleet/centre/change.ts';
import { describeOrder } from '../../fleet/centre/describe.ts';
import { takeSnapshot } from '../../fleet/centre/snapshot.ts';
import type { Target } from '../../fleet/fleet-names.ts';
import { isTarget } from '../../fleet/fleet-names.ts';
import type { FleetStore } from '../../fleet/fleet-store.ts';
import type { Order } from '../../fleet/order.ts';
import { isPrefix, readOrder, refusalText, signOrder } from '../../fleet/order.ts';
import { parseBody, readSigned, signatureFault } from '../../fleet/signing.ts';
import { parseJson } from '../../store/json-fields.ts';
import { UsageError } from '../exit.ts';
import { storedArgument } from '../policy-argument.ts';
import { print, printJson } from '../render/terminal.ts';
import type { StoreOptions } from './centre-folder.ts';
import { centreKey, openStore, operatorsOf, readKey } from './centre-folder.ts';
import { readFailure } from './read-failure.ts';
import type { JsonOptions } from './set-up.ts';

/** As policies write it. */
const LIVE_SET_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/u;

export function requireTarget(text: string): Target {
  if (isTarget(text)) return text;
  throw new UsageError(`"${text}" is no target`, 'write fleet, group/NAME or host/NAME');
}

export interface OrderOptions extends StoreOptions, JsonOptions {
  readonly unassign?: boolean;
  readonly unsigned?: boolean;
  readonly signed?: string;
}

/** `NAME` or `NAME@VERSION` of a published policy. */
export async function policyIntent(store: FleetStore, argument: string): Promise<Extract<Intent, { kind: 'policy' }>> {
  const { stored, version } = storedArgument(argument);
  return { kind: 'policy', policy: orderedPolicy(await findPolicy(store, stored, version)) };
}

async function intentOf(store: FleetStore, policy: string | undefined, { unassign }: OrderOptions): Promise<Intent> {
  if (policy === undefined && unassign !== true) {
    throw new UsageError('what is to be in force?', 'name a published policy, or give --unassign');
  }
  if (policy !== undefined && unassign === true) {
    throw new UsageError(`${policy} and --unassign are given both`, 'give one of them');
  }
  return policy === undefined ? { kind: 'unassign' } : await policyIntent(store, policy);
}

function readJsonFile(path: string): unknown {
  try {
    return parseJson(readFileSync(path === '-' ? 0 : path, 'utf8'));
  } catch (cause) {
    throw readFailure(path, cause, 'name the file of an order: see xdpol fleet order --help; or - for standard input');
  }
}

function report(order: Order, hosts: readonly string[], { json }: JsonOptions): void {
  if (json === true) printJson({ order, hosts });
  else print(`${order.target}: ${describeOrder(order)}; hosts of the target: ${hosts.length}`);
}

async function putSigned(store: FleetStore, path: string, options: OrderOptions): Promise<void> {
  const signed = readSigned(readJsonFile(path));
  const order = signed === undefined ? undefined : readOrder(parseBody(signed));
  if (signed === undefined || order === undefined) {
    throw new UsageError(`${path} is no signed order`, 'take what xdpol fleet sign printed');
  }
  const operators = operatorsOf(options);
  const fault = operators === undefined ? undefined : signatureFault('order', signed, operators);
  if (fault !== undefined) {
    throw fleetError(
      `hosts would refuse ${path}: ${refusalText(fault)}`,
      `sign it with a key that is among the operators in ${options.dir}`,
    );
  }
  report(order, await putOrder(store, await takeSnapshot(store), signed, order), options);
}

export async function order(
  target: string | undefined,
  policy: string | undefined,
  options: OrderOptions,
): Promise<void> {
  if (target === undefined && options.signed === undefined) {
    throw new UsageError('for whom?', 'name a target: fleet, group/NAME or host/NAME');
  }
  if (target !== undefined && options.signed !== undefined) {
    throw new UsageError(`--signed ${options.signed} names its target itself`, `leave ${target} out`);
  }
  const wanted = target === undefined ? 'fleet' : requireTarget(target);
  await using store = openStore(options);
  if (options.signed !== undefined) {
    await putSigned(store, options.signed, options);
    return;
  }
  const intent = await intentOf(store, policy, options);
  if (options.unsigned === true) {
    printJson(draftOrder(await takeSnapshot(store), wanted, intent, ORDER_LIFE));
    return;
  }
  const given = await giveOrder(store, await takeSnapshot(store), centreKey(options), { target: wanted, intent });
  report(given.order, given.hosts, options);
}

/** Reads no network and no store: the key can be on a machine without either. */
export function sign(path: string, { key }: { readonly key: string }): void {
  const drafted = readOrder(readJsonFile(path));
  if (drafted === undefined)
    throw new UsageError(`${path} is no order`, 'make one: xdpol fleet order TARGET POLICY --unsigned');
  printJson(signOrder(drafted, readKey(key)));
}

export interface BanOptions extends StoreOptions, JsonOptions {
  readonly set: string;
  readonly for: number;
  readonly target: string;
}

export async function ban(prefixes: readonly string[], options: BanOptions): Promise<void> {
  const wrong = prefixes.find((prefix) => !isPrefix(prefix));
  if (wrong !== undefined) throw new UsageError(`${wrong}: not an address`, 'write 203.0.113.7 or 2001:db8::/64');
  if (!LIVE_SET_NAME.test(options.set)) {
    throw new UsageError(
      `--set ${options.set}: not the name of a live set`,
      'write it as in addressSets of the policy',
    );
  }
  const until = Date.now() + options.for * 1000;
  await using store = openStore(options);
  const bans = { set: options.set, entries: prefixes.map((prefix) => ({ prefix, until })) };
  const given = await addBans(store, centreKey(options), requireTarget(options.target), bans);
  report(given.order, given.hosts, options);
}
