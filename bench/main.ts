/**
 * What packets cost, with xdpol and with its peers, and what everything around them takes. Needs root.
 *
 *   npm run bench                           everything, about twenty minutes; an HTML report in bench/report
 *   npm run bench -- --quick                the main figures: less than three minutes
 *   npm run bench -- --only acl-10k         one section or one policy; repeatable, a section and policies together
 *   npm run bench -- --json f.json --csv f.csv --report DIR
 *   npm run bench -- --cpu 1                the CPU that packets run on; the last one unless given
 */
import { writeFileSync } from 'node:fs';
import { environment, environmentText } from '../src/measure/environment.ts';
import { measureInChild } from './children.ts';
import type { Case, Choice } from './choice.ts';
import { choiceOf } from './choice.ts';
import type { Effort } from './effort.ts';
import type { Figure } from './figure.ts';
import { SECTIONS } from './figure.ts';
import { csv } from './render/csv.ts';
import { writeReport } from './render/html.ts';
import { sectionText } from './render/text.ts';
import type { Report } from './report.ts';
import { joinFigures } from './sections/compile.ts';

function figuresOf({ section, policy }: Case, effort: Effort): readonly Figure[] {
  if (section !== 'compile') return measureInChild(section, policy, effort);
  const runs = Array.from({ length: effort.compiles }, () => measureInChild(section, policy, effort));
  return joinFigures(runs);
}

/** A case that fails does not hide the others, and the bench fails. */
function measureAll({ cases, effort }: Choice): readonly Figure[] {
  const all: Figure[] = [];
  for (const section of SECTIONS) {
    const figures: Figure[] = [];
    for (const one of cases.filter((wanted) => wanted.section === section)) {
      if (process.stderr.isTTY) process.stderr.write(`${section} ${one.policy}\u001b[K\r`);
      try {
        figures.push(...figuresOf(one, effort));
      } catch (error) {
        process.stderr.write(`${section} ${one.policy}: ${error instanceof Error ? error.message : String(error)}\n`);
        process.exitCode = 1;
      }
    }
    if (figures.length > 0) process.stdout.write(`${sectionText(section, figures)}\n\n`);
    all.push(...figures);
  }
  return all;
}

async function main(): Promise<void> {
  const choice = choiceOf(process.argv.slice(2));
  const where = environment();
  process.stdout.write(`${environmentText(where)}\n\n`);
  const report: Report = { environment: where, figures: measureAll(choice) };
  const { json, csv: csvFile, report: directory } = choice;
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
  if (csvFile !== undefined) writeFileSync(csvFile, csv(report.figures));
  if (directory !== undefined) process.stdout.write(`report: ${await writeReport(directory, report)}\n`);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
