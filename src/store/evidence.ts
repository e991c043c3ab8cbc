/**
 * What the agent has observed of the traffic: the window, what each rule counted in it, which filters decided, and which
 * sources were sampled. It outlives the agent and the machine's restarts.
 *
 *   <state>/evidence.json
 */
import { join } from 'node:path';
import type { DurableFiles } from './durable.ts';
import { readIfThere } from './file-system.ts';
import { fieldsOf, isText, parseJson } from './json-fields.ts';
import { withStoreErrors } from './with-store-errors.ts';

const FORMAT = 1;

/**
 * `restart`: the machine or the counters began anew. `unfiltered`: no interface was filtered. `agent`: no agent ran, so
 * that nothing was sampled; counters went on. `filters`: a policy came and went unseen, so that its filters are not known.
 */
export type GapKind = 'restart' | 'unfiltered' | 'agent' | 'filters';

/** Times are ISO 8601, UTC. */
export interface EvidenceGap {
  readonly kind: GapKind;
  readonly from: string;
  readonly to: string;
}

/** One counter of one interface and direction. */
export interface CountedEvidence {
  readonly interface: string;
  readonly direction: 'ingress' | 'egress';
  readonly policy: string;
  /** null: the default. */
  readonly rule: string | null;
  readonly action: 'permit' | 'block';
  /** As the kernel had them last. */
  readonly raw: number;
  readonly rawBytes: number;
  /** In the window. */
  readonly packets: number;
  readonly bytes: number;
  readonly lastMatch: string | null;
}

export interface FilterEvidence {
  readonly policy: string;
  readonly rule: string;
  /** As written. */
  readonly filter: string;
  /** In force since then, as far as the window goes. */
  readonly since: string;
  /** When it was seen to have decided last. */
  readonly lastMatch: string | null;
}

/** Who used a permit, by samples of arriving packets. */
export interface SourceEvidence {
  readonly policy: string;
  readonly rule: string;
  readonly filter: string;
  /** The half of the filter that the packets matched. */
  readonly half: 'forward' | 'mirror';
  readonly samples: number;
  /** With how many samples each had. */
  readonly addresses: Readonly<Record<string, number>>;
  /** There were more addresses than are kept. */
  readonly isMany: boolean;
}

/**
 * Sampled packets that a policy on trial would drop, alike but for the address of the other end. `local` is the host's end:
 * where they arrived or left.
 */
export interface TrialFlow {
  readonly interface: string;
  readonly directions: readonly ('ingress' | 'egress')[];
  readonly protocol: number;
  /** The end that serves, by its port; null where the protocol has no ports. */
  readonly service: 'local' | 'remote' | null;
  /** Of that end. */
  readonly port: number | null;
  /** Type and code. */
  readonly icmp: readonly [number, number] | null;
  readonly local: string;
  /** With how many samples each had. */
  readonly remotes: Readonly<Record<string, number>>;
  /** There were more of them than are kept. */
  readonly isMany: boolean;
  readonly samples: number;
  /** That would drop them; null is the default. */
  readonly rules: readonly (string | null)[];
}

export interface TrialEvidence {
  readonly policy: string;
  readonly hash: string;
  /** When the trial began. */
  readonly since: string;
  readonly flows: readonly TrialFlow[];
  /** Samples that no permit for addresses and ports would let through, or of flows that are not kept. */
  readonly leftOut: number;
}

export interface EvidenceHour {
  /** Of its beginning. */
  readonly at: string;
  readonly pass: number;
  readonly drop: number;
}

export interface Evidence {
  readonly since: string;
  /** Of the last look. */
  readonly until: string;
  /** Of the machine: tells a restart. */
  readonly boot: string;
  readonly gaps: readonly EvidenceGap[];
  /** Oldest gaps that are no longer listed. */
  readonly gapsLeftOut: number;
  readonly counted: readonly CountedEvidence[];
  /** Number of the generation whose filters were seen last, by interface. */
  readonly generations: Readonly<Record<string, number>>;
  readonly filters: readonly FilterEvidence[];
  readonly sources: readonly SourceEvidence[];
  /** Seconds in which packets were sampled. */
  readonly sampledSeconds: number;
  readonly hours: readonly EvidenceHour[];
  /** Why single filters are not observed; null where they are. */
  readonly filtersUnknown: string | null;
  /** Of the policy on trial, where one is. */
  readonly trial?: TrialEvidence | null;
}

export class EvidenceFile {
  readonly #directory: string;
  readonly #files: DurableFiles;
  readonly #report: (line: string) => void;

  constructor(directory: string, files: DurableFiles, report: (line: string) => void) {
    this.#directory = directory;
    this.#files = files;
    this.#report = report;
  }

  /** undefined where there is none; what is damaged is reported and taken for none. */
  read(): Evidence | undefined {
    const text = withStoreErrors(this.#directory, () => readIfThere(this.#path()));
    if (text === undefined) return undefined;
    const evidence = decode(text);
    if (evidence === undefined) this.#report(`${this.#path()} is damaged: the observed window begins anew`);
    return evidence;
  }

  write(evidence: Evidence): void {
    withStoreErrors(this.#directory, () => {
      this.#files.makeFolder(this.#directory);
      this.#files.write(this.#path(), new TextEncoder().encode(`${JSON.stringify({ format: FORMAT, ...evidence })}\n`));
    });
  }

  #path(): string {
    return join(this.#directory, 'evidence.json');
  }
}

function decode(text: string): Evidence | undefined {
  const value = parseJson(text);
  const fields = fieldsOf<Evidence & { readonly format: number }>(value);
  const { format, since, until, boot, gaps, gapsLeftOut, counted, generations, filters, sources } = fields;
  const { hours, sampledSeconds, filtersUnknown, trial } = fields;
  const isWhole =
    format === FORMAT &&
    [since, until].every(isTime) &&
    isText(boot) &&
    [gapsLeftOut, sampledSeconds].every(isCount) &&
    (filtersUnknown === null || isText(filtersUnknown)) &&
    isRecordOf(generations, isCount) &&
    isListOf(gaps, ({ kind, from, to }: Fields) => isText(kind) && isTime(from) && isTime(to)) &&
    isListOf(hours, ({ at, pass, drop }: Fields) => isTime(at) && isCount(pass) && isCount(drop)) &&
    isListOf(counted, isCounted) &&
    isListOf(filters, isFilter) &&
    isListOf(sources, isSource) &&
    (trial === undefined || trial === null || isTrial(trial as unknown as Fields));
  return isWhole ? (value as Evidence) : undefined;
}

type Fields = Readonly<Record<string, unknown>>;

function isCounted(one: Fields): boolean {
  const { raw, rawBytes, packets, bytes, lastMatch, rule, policy, action, direction } = one;
  return (
    [raw, rawBytes, packets, bytes].every(isCount) &&
    (lastMatch === null || isTime(lastMatch)) &&
    (rule === null || isText(rule)) &&
    [one['interface'], policy, action, direction].every(isText)
  );
}

function isFilter({ policy, rule, filter, since, lastMatch }: Fields): boolean {
  return [policy, rule, filter].every(isText) && isTime(since) && (lastMatch === null || isTime(lastMatch));
}

function isSource({ policy, rule, filter, half, samples, addresses, isMany }: Fields): boolean {
  return (
    [policy, rule, filter, half].every(isText) &&
    isCount(samples) &&
    isRecordOf(addresses, isCount) &&
    typeof isMany === 'boolean'
  );
}

function isTrial({ policy, hash, since, flows, leftOut }: Fields): boolean {
  return [policy, hash].every(isText) && isTime(since) && isCount(leftOut) && isListOf(flows, isFlow);
}

function isFlow({
  directions,
  protocol,
  service,
  port,
  icmp,
  local,
  remotes,
  isMany,
  samples,
  ...rest
}: Fields): boolean {
  return (
    [rest['interface'], local].every(isText) &&
    [directions, rest['rules']].every(Array.isArray) &&
    [protocol, samples].every(isCount) &&
    (service === null || isText(service)) &&
    (port === null || isCount(port)) &&
    (icmp === null || Array.isArray(icmp)) &&
    isRecordOf(remotes, isCount) &&
    typeof isMany === 'boolean'
  );
}

function isListOf(value: unknown, isOne: (fields: Fields) => boolean): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'object' && one !== null && isOne(one as Fields));
}

function isRecordOf(value: unknown, isOne: (one: unknown) => boolean): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(isOne);
}

function isTime(value: unknown): boolean {
  return isText(value) && !Number.isNaN(Date.parse(value));
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}
