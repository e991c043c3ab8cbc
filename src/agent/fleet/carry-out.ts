/** What an order asks for, put in force by the operations of this host. Where it cannot stay, what was in force comes back. */
import { EnvironmentError } from '../../base/environment-error.ts';
import { messageOf } from '../../base/message-of.ts';
import { PolicyRejected } from '../../base/policy-rejected.ts';
import { decodeBundle, unpackBlob } from '../../fleet/bundle.ts';
import type { OrderedPolicy } from '../../fleet/order.ts';
import { storedFiles } from '../../formats/named-file.ts';
import type { HostContext } from '../../host/context.ts';
import { lastAttaching, usualInterfaces } from '../../host/intended-policy.ts';
import type { HostOperations } from '../../host/operations.ts';
import type { PolicyTextInput } from '../../host/policy-input.ts';
import type { CarriedOrder } from '../../store/store.ts';
import type { OperationsFor } from '../operations-beside.ts';
import { isBusy } from './front-connection.ts';
import { reachInTime } from './reach-in-time.ts';

/** Seconds that the policy waits for a front to be reached over a new connection; then it goes back by itself. */
const CONFIRM_TIME = 60;

export type CarriedPolicy = NonNullable<CarriedOrder['policy']>;

/** What is asked of fronts while an order is carried out. */
export interface FrontAsks {
  /** Hosts that the front told at once the last time. */
  readonly toldAtOnce: number;
  /** The packed policy that came along with its order. */
  readonly broughtBlob: (sha256: string) => Uint8Array | undefined;
  /** The packed blob. Throws where the front has none, or cannot be reached. */
  readonly fetchBlob: (sha256: string, size: number) => Promise<Uint8Array>;
  /** Throws where no front can be reached over a new connection. */
  readonly reachAnew: () => Promise<void>;
}

/** It will be the same however often it is tried. */
export class OrderUnusable extends EnvironmentError {
  constructor(message: string, help: string) {
    super('XDPOL_E_ORDER', message, { help });
    this.name = 'OrderUnusable';
  }
}

export function isFinal(error: unknown): boolean {
  if (error instanceof PolicyRejected || error instanceof OrderUnusable) return true;
  return error instanceof EnvironmentError && error.code === 'XDPOL_E_WENT_BACK';
}

/** Through the tests, the guard and the pre-flight of every change; kept once a front is reached with it in force. */
export async function putOrderInForce(
  context: HostContext,
  operations: OperationsFor,
  ordered: OrderedPolicy,
  { input, files }: FetchedPolicy,
  fronts: FrontAsks,
): Promise<CarriedPolicy> {
  const host = operations(context, () => Promise.resolve(files));
  await requireSound(host, ordered, input);
  const assignment = await host.assignment();
  const { mode, ingressOnly } = lastAttaching(context.store);
  // Those that are assigned go along, also where one of them is not there.
  const interfaces = assignment === null ? await usualInterfaces(context.store) : [];
  const outcome = await host.apply({ input, interfaces, mode, ingressOnly, confirm: CONFIRM_TIME });
  if (outcome.pending !== null) await keepIfReached(host, outcome.policy, fronts);
  return { sha256: ordered.sha256, name: outcome.policy, version: outcome.version ?? 0, hash: outcome.hash };
}

export interface FetchedPolicy {
  readonly input: PolicyTextInput;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** Did the policy come along with its order, and is it the ordered one? */
export function isBrought(policy: OrderedPolicy, fronts: FrontAsks): boolean {
  return broughtPolicy(policy, fronts) !== undefined;
}

function broughtPolicy(policy: OrderedPolicy, fronts: FrontAsks): Uint8Array | undefined {
  const packed = fronts.broughtBlob(policy.sha256);
  return packed === undefined ? undefined : unpackBlob(packed, policy);
}

/** One that came along is believed no more than one that is fetched, and is fetched where it is another. */
export async function fetchPolicy(policy: OrderedPolicy, fronts: FrontAsks): Promise<FetchedPolicy> {
  const { name, sha256, size } = policy;
  const content = broughtPolicy(policy, fronts) ?? unpackBlob(await fronts.fetchBlob(sha256, size), policy);
  if (content === undefined) {
    throw new EnvironmentError('XDPOL_E_FRONT', `the front has another policy than the ordered one under ${sha256}`, {
      help: 'its store is damaged: publish the same policy again, or restore the store: docs/fleet.md',
    });
  }
  const bundle = decodeBundle(content);
  if (bundle === undefined)
    throw new OrderUnusable(`the policy ${name} is no bundle`, 'build, sign and order it again');
  const { text, files } = bundle;
  return { input: { file: `${name}.yaml`, text, readSetFile: storedFiles(files) }, files };
}

async function requireSound(host: HostOperations, { name }: OrderedPolicy, input: PolicyTextInput): Promise<void> {
  const { policy, errors, diagnostics } = await host.check({ input, isBrief: true });
  if (errors > 0) throw new PolicyRejected(diagnostics);
  if (policy !== name)
    throw new OrderUnusable(`the order is for ${name}, and the policy is ${policy}`, 'order it again');
}

async function keepIfReached(host: HostOperations, policy: string, fronts: FrontAsks): Promise<void> {
  try {
    await reachInTime(fronts.reachAnew);
  } catch (error) {
    throw await takeBack(host, policy, fronts, error);
  }
  await host.confirm();
}

/** Whether the policy was to blame is seen when the one before it is in force again. */
async function takeBack(
  host: HostOperations,
  policy: string,
  fronts: FrontAsks,
  cause: unknown,
): Promise<EnvironmentError> {
  // Where it fails, the kernel does it when the time is over.
  await host.rollBack().catch(() => undefined);
  const isReached = await fronts.reachAnew().then(
    () => true,
    () => false,
  );
  return unconfirmed(policy, cause, isReached);
}

/** Why a policy is not in force. `isReached`: a front was, without it; a busy one was reached with it too. */
export function unconfirmed(policy: string, cause: unknown, isReached: boolean): EnvironmentError {
  const what = `no front could be reached over a new connection (${messageOf(cause)})`;
  if (isReached && !isBusy(cause)) {
    return new EnvironmentError('XDPOL_E_WENT_BACK', `${policy} went back: with it in force ${what}`, {
      help: 'permit the way from the hosts to the fronts in the policy, then order it again',
      cause,
    });
  }
  const message = `${policy} is not in force: with it ${what}${isReached ? '' : ', nor without it'}; it is tried again`;
  return new EnvironmentError('XDPOL_E_FRONT', message, {
    help: 'see that a front runs, and that the clock of this host is right: docs/fleet.md',
    cause,
  });
}
