/**
 * What packets cost and what compiling costs. Needs root.
 *
 *   npm run bench                           everything: about ten minutes
 *   npm run bench -- --quick                the main figures: less than three minutes
 *   npm run bench -- --only acl-10k         one policy, or one of dataplane, compile and live; repeatable
 *   npm run bench -- --json figures.json    the figures as data besides
 *   npm run bench -- --cpu 1                the CPU that packets run on; the last one unless given
 */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { present } from '../src/base/assert.ts';
import { environment, environmentText } from '../src/measure/environment.ts';
import { childResult } from './children.ts';
import type { DataplaneFigure, Effort } from './dataplane.ts';
import { measureDataplane } from './dataplane.ts';
import { POLICIES } from './policies.ts';
import type { CompileFigure, LiveFigure, Report } from './report.ts';
import { compileText, dataplaneText, liveText } from './report.ts';

const SECTIONS = ['dataplane', 'compile', 'live'] as const;
type Section = (typeof SECTIONS)[number];

const DATAPLANE = [
  'example',
  'list-10k',
  'list-100k',
  'list-1m',
  'acl-1k',
  'acl-10k',
  'acl-100k',
  'v6-example',
  'v6-10k',
  'v6-100k',
];
const QUICK_DATAPLANE = ['example', 'list-10k', 'list-100k', 'list-1m', 'acl-1k', 'acl-10k', 'v6-100k'];
const LIVE = ['example', 'list-1m'];
const LIVE_FRAMES = { quick: 1_000_000, full: 4_000_000 } as const;

interface Choice {
  readonly quick: boolean;
  readonly only: readonly string[];
  readonly effort: Effort;
}

/** The policies of a section: those that `--only` names, or all where it names none. */
function chosen(choice: Choice, section: Section, policies: readonly string[]): readonly string[] {
  const sections = choice.only.filter((word) => SECTIONS.some((s) => s === word));
  const named = choice.only.filter((word) => !sections.includes(word));
  if (sections.length > 0 && !sections.includes(section)) return [];
  if (named.length === 0) return policies;
  return section === 'live' ? policies.filter((name) => named.includes(name)) : named;
}

function dataplane(choice: Choice): readonly DataplaneFigure[] {
  const names = chosen(choice, 'dataplane', choice.quick ? QUICK_DATAPLANE : DATAPLANE);
  return names.flatMap((name) => {
    const figures = measureDataplane(name, present(POLICIES[name])(), choice.effort);
    process.stdout.write(`${dataplaneText(figures)}\n\n`);
    return figures;
  });
}

function compiling(choice: Choice): readonly CompileFigure[] {
  const all = Object.keys(POLICIES).filter((name) => !choice.quick || name !== 'acl-100k');
  const figures = chosen(choice, 'compile', all).map((name) => childResult<CompileFigure>('compile-child.ts', [name]));
  if (figures.length > 0) process.stdout.write(`${compileText(figures)}\n\n`);
  return figures;
}

function live(choice: Choice): readonly LiveFigure[] {
  const { cpu, rounds } = choice.effort;
  const frames = choice.quick ? LIVE_FRAMES.quick : LIVE_FRAMES.full;
  const figures = chosen(choice, 'live', LIVE).map((name) =>
    childResult<LiveFigure>('live-child.ts', [name, `${cpu}`, `${rounds}`, `${frames}`], ['unshare', '--net']),
  );
  if (figures.length > 0) process.stdout.write(`${liveText(figures)}\n\n`);
  return figures;
}

function choiceOf(): { readonly choice: Choice; readonly json: string | undefined } {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      json: { type: 'string' },
      cpu: { type: 'string', default: String(cpus().length - 1) },
    },
  });
  const known = [...SECTIONS, ...Object.keys(POLICIES)];
  const unknown = values.only.find((word) => !known.includes(word));
  if (unknown !== undefined) throw new Error(`--only ${unknown}: there are ${known.join(', ')}`);
  const effort = { repeat: 1_000_000, cpu: Number(values.cpu) };
  const rounds = values.quick ? { rounds: 5, sample: 32 } : { rounds: 15, sample: 128 };
  return { choice: { quick: values.quick, only: values.only, effort: { ...effort, ...rounds } }, json: values.json };
}

function main(): void {
  const { choice, json } = choiceOf();
  const where = environment();
  process.stdout.write(`${environmentText(where)}\n\n`);
  const report: Report = {
    environment: where,
    dataplane: dataplane(choice),
    compile: compiling(choice),
    live: live(choice),
  };
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
}

main();
