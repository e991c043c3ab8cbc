/** What the command line asks for. */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import type { Effort } from './effort.ts';
import { effortOf } from './effort.ts';
import type { Section } from './figure.ts';
import { SECTIONS } from './figure.ts';
import { FLEETS } from './fleet/sizes.ts';
import { POLICIES } from './policies.ts';

export interface Choice {
  readonly cases: readonly Case[];
  readonly effort: Effort;
  readonly json: string | undefined;
  readonly csv: string | undefined;
  /** Directory of the HTML report. */
  readonly report: string | undefined;
}

export interface Case {
  readonly section: Section;
  readonly policy: string;
}

interface Cases {
  readonly quick: readonly string[];
  readonly full: readonly string[];
  /** Those that take so long that they are measured only where `--only` names them. */
  readonly named?: readonly string[];
}

const DEFAULT_REPORT = 'bench/report';

const LISTS = ['list-10', 'list-100', 'list-1k', 'list-10k', 'list-100k', 'list-1m'] as const;
const ACLS = ['acl-10', 'acl-100', 'acl-1k', 'acl-10k', 'acl-100k'] as const;
/** Filters that overlap, each shape growing by them. */
const OVERLAPPING = ['overlap', 'any', 'wild'].flatMap((shape) => [`${shape}-1k`, `${shape}-5k`, `${shape}-20k`]);
const SEEDS = ['20k', '100k'].flatMap((size) => ['acl', 'fw', 'ipc'].map((seed) => `seed-${seed}-${size}`));
const COMPILED_ONLY = ['hosts-5k', 'ranges-20k', 'mirrored-3k', ...SEEDS];

const CASES: Readonly<Record<Section, Cases>> = {
  dataplane: {
    quick: ['ports', 'example', 'list-10k', 'list-1m', 'acl-1k', 'acl-10k', 'v6-100k', 'wild-5k'],
    full: ['ports', 'example', ...LISTS, ...ACLS, 'v6-example', 'v6-10k', 'v6-100k', ...OVERLAPPING],
  },
  parts: { quick: ['ports'], full: ['ports', 'example', 'list-10k'] },
  sets: {
    quick: ['set-0', 'set-1k', 'set-100k', 'set6-100k'],
    full: ['set-0', 'set-1k', 'set-100k', 'set-1m', 'set6-0', 'set6-1k', 'set6-100k', 'set6-1m'],
  },
  bans: { quick: ['set-100k'], full: ['set-1k', 'set-100k'] },
  live: {
    quick: ['ports', 'example', 'list-10k'],
    full: ['ports', 'example', 'list-10k', 'list-100k', 'list-1m', 'acl-1k', 'set-1k', 'set-100k'],
  },
  compile: {
    quick: ['example', 'list-10k', 'list-1m', 'acl-1k', 'acl-10k', 'overlap-5k', 'any-5k', 'wild-5k'],
    full: ['ports', 'example', ...LISTS, ...ACLS, 'v6-example', 'v6-10k', 'v6-100k', ...OVERLAPPING, ...COMPILED_ONLY],
  },
  load: {
    quick: ['example', 'list-1m', 'acl-10k'],
    full: ['example', 'list-10k', 'list-1m', 'acl-1k', 'acl-10k', 'v6-100k'],
  },
  swap: { quick: ['example', 'list-1m'], full: ['example', 'list-10k', 'list-1m', 'acl-10k'] },
  scrape: { quick: ['rules-10', 'rules-1k'], full: ['rules-10', 'rules-100', 'rules-1k', 'rules-10k'] },
  replay: { quick: ['example'], full: ['example'] },
  fleet: { quick: ['fleet-500'], full: ['fleet-500', 'fleet-2k'], named: ['fleet-5k', 'fleet-10k'] },
};

/** Cases of the sections and policies that `--only` names, or all where it names none. */
export function casesFor(only: readonly string[], quick: boolean): readonly Case[] {
  const sections = SECTIONS.filter((section) => only.includes(section));
  const policies = only.filter((word) => !isSection(word));
  return (sections.length > 0 ? sections : SECTIONS).flatMap((section) => {
    const { [section]: cases } = CASES;
    const usual = quick && policies.length === 0 ? cases.quick : cases.full;
    const chosen =
      policies.length === 0 ? usual : [...usual, ...(cases.named ?? [])].filter((policy) => policies.includes(policy));
    return chosen.map((policy) => ({ section, policy }));
  });
}

function isSection(word: string): word is Section {
  return SECTIONS.some((section) => section === word);
}

/** Throws with what is wanted where the command line is wrong. */
export function choiceOf(argv: readonly string[]): Choice {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      json: { type: 'string' },
      csv: { type: 'string' },
      report: { type: 'string' },
      cpu: { type: 'string', default: String(cpus().length - 1) },
    },
  });
  const known = [...SECTIONS, ...Object.keys(POLICIES), ...Object.keys(FLEETS)];
  const unknown = values.only.find((word) => !known.includes(word));
  if (unknown !== undefined) throw new Error(`--only ${unknown}: there are ${known.join(', ')}`);
  const cases = casesFor(values.only, values.quick);
  if (cases.length === 0) throw new Error(`--only ${values.only.join(' --only ')}: no section measures that`);
  return {
    cases,
    effort: effortOf(values.quick, cpusFrom(Number(values.cpu))),
    json: values.json,
    csv: values.csv,
    report: values.report ?? (values.only.length === 0 ? DEFAULT_REPORT : undefined),
  };
}

/** The CPU asked for, and the one before it where there are two. */
function cpusFrom(first: number): readonly number[] {
  const count = cpus().length;
  if (!Number.isInteger(first) || first < 0 || first >= count)
    throw new Error(`--cpu ${first}: this machine has CPUs 0 to ${count - 1}`);
  return count === 1 ? [first] : [first, (first + count - 1) % count];
}
