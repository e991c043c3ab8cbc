/** Pins go along with the devices they filter, and what belongs to a device that is gone is removed. */
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import type { NetworkInterface } from 'libbpf-ts-bindings';
import { BpfError } from 'libbpf-ts-bindings';
import {
  findPinRoot,
  interfaceDirectory,
  isParked,
  isThere,
  listDirectory,
  liveTablesDirectory,
  nameOfDirectory,
  parkedDirectory,
  removeInterfaceDirectory,
  removePin,
} from './bpffs.ts';
import type { StrayPins, Survey } from './survey.ts';
import { surveyAttachments } from './survey.ts';

export interface Tidied {
  /** As it is afterwards. */
  readonly survey: Survey;
  /** Filtered interfaces that have another name now: `eth0 is now lan0`. */
  readonly renamed: readonly string[];
  /** Names whose pins were removed, counters included. */
  readonly collected: readonly string[];
}

/** Linux gives an interface name at most 15 characters, so no interface is ever called this. */
const BETWEEN = 'between-two-names-';

interface Move {
  readonly from: string;
  readonly to: string;
}

/** A directory of a name must be free for the device that has the name. */
function movesOf(root: string, { attachments, strays, devices }: Survey): readonly Move[] {
  const names = new Set(devices.map(({ name }) => name));
  const along = attachments.map(({ name, directory }) => ({ from: directory, to: interfaceDirectory(root, name) }));
  const away = strays
    .filter(({ fate, name, directory }) => fate === 'moved' && names.has(name) && !isParked(directory))
    .filter(({ directory }) => !attachments.some((attachment) => attachment.directory === directory))
    .map(({ directory }) => directory);
  const parked = [...new Set(away)].map((from) => ({ from, to: parkedDirectory(root, nameOfDirectory(from)) }));
  return [...along, ...parked].filter(({ from, to }) => from !== to);
}

/** By way of a third name, so that two interfaces can swap theirs. What is in a name's place by then filters nothing. */
function moveAll(root: string, moves: readonly Move[]): void {
  const between = moves.map(({ from, to }, i) => {
    const path = join(root, `${BETWEEN}${process.pid}-${i}`);
    renameSync(from, path);
    return { from: path, to };
  });
  for (const { from, to } of between) {
    if (isThere(to)) removeInterfaceDirectory(to);
    renameSync(from, to);
  }
}

function unpin({ directory, direction }: StrayPins): void {
  try {
    removePin(join(directory, direction));
  } catch (error) {
    if (!(error instanceof BpfError)) throw error; // the next one to tidy may be allowed to
  }
}

/** Removes links of devices that are gone; and counters too, unless the device is expected to come back. */
function collect(root: string, { strays, devices }: Survey, isExpected: (name: string) => boolean): readonly string[] {
  for (const stray of strays.filter(({ fate }) => fate === 'gone')) unpin(stray);
  const names = new Set(devices.map(({ name }) => name));
  const isOwnerless = (directory: string): boolean => {
    const name = nameOfDirectory(directory);
    const kept = !isParked(directory) && (names.has(name) || isExpected(name));
    return !kept && !listDirectory(directory).some((pin) => pin === 'ingress' || pin === 'egress');
  };
  const ownerless = listDirectory(root)
    .map((entry) => join(root, entry))
    .filter((directory) => directory !== liveTablesDirectory(root))
    .filter(isOwnerless);
  for (const directory of ownerless) removeInterfaceDirectory(directory);
  return ownerless.map(nameOfDirectory);
}

/**
 * Moves pins along with interfaces that were renamed, puts aside those of interfaces that left the network namespace
 * where another one has their name, and removes those of interfaces that are gone. The caller holds the store's lock.
 */
export function tidyPins(isExpected: (name: string) => boolean): Tidied {
  const survey = surveyAttachments();
  const root = findPinRoot();
  if (root === undefined) return { survey, renamed: [], collected: [] };
  const moves = movesOf(root, survey);
  const renamed = survey.attachments
    .filter(({ name, directory }) => nameOfDirectory(directory) !== name)
    .map(({ name, directory }) => `${nameOfDirectory(directory)} is now ${name}`);
  moveAll(root, moves);
  const collected = collect(root, survey, isExpected);
  const isChanged = moves.length > 0 || survey.strays.some(({ fate }) => fate === 'gone');
  return { survey: isChanged ? surveyAttachments() : survey, renamed, collected };
}

/** Where the device's pins are, or will be. */
export function directoryOf(root: string, device: NetworkInterface, { attachments }: Survey): string {
  const own = attachments.find(({ ifindex }) => ifindex === device.index);
  return own?.directory ?? interfaceDirectory(root, device.name);
}
