/** `xdpol report`: what the observed traffic says of the policy in force. */
import { writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../../base/duration.ts';
import { EnvironmentError } from '../../base/environment-error.ts';
import { messageOf } from '../../base/message-of.ts';
import { jsonOption, withExamples } from '../options.ts';
import { reachHost } from '../reach-host.ts';
import { renderReport } from '../render/report.ts';
import { print, printJson } from '../render/terminal.ts';
import { reportHtml } from '../report-html.ts';

interface ReportOptions {
  readonly unusedFor?: number;
  readonly html?: string;
  readonly json?: boolean;
}

async function run({ unusedFor, html, json }: ReportOptions): Promise<void> {
  const report = await reachHost().report({ unusedFor });
  if (html !== undefined) writeHtml(html, reportHtml(report));
  else if (json === true) printJson(report);
  else print(renderReport(report));
}

function writeHtml(path: string, text: string): void {
  if (path === '-') {
    print(text);
    return;
  }
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new EnvironmentError('XDPOL_E_FILE', `${path} cannot be written: ${messageOf(error)}`, { cause: error });
  }
}

function parseUnused(value: string): number {
  const seconds = parseDuration(value);
  if (seconds !== undefined && seconds > 0) return seconds;
  throw new InvalidArgumentError('write a time such as 12h or 30d.');
}

export function reportCommand(): Command {
  const command = new Command('report')
    .description(
      'show what the traffic that the agent observed says of the policy: rules and filters that matched nothing, top rules, permits that could be narrower',
    )
    .option(
      '--unused-for <time>',
      'what matched last longer ago counts as unused, such as 30d; else never',
      parseUnused,
    )
    .addOption(new Option('--html <file>', 'write one HTML file with plots, - for standard output').conflicts('json'))
    .addOption(jsonOption())
    .action(run);
  return withExamples(
    command,
    'xdpol report',
    'xdpol report --unused-for 30d --html report.html',
    'xdpol --host edge1 report --json',
  );
}
