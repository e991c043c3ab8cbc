/** Which samples a verb wants, and how long. */
import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../../base/duration.ts';
import type { EventsRequest } from '../../host/events.ts';
import { EXEMPTIONS } from '../../policy/model.ts';
import { UsageError } from '../exit.ts';
import { collect } from '../options.ts';

export interface SampleOptions {
  readonly rule?: readonly string[];
  readonly reason?: readonly string[];
  readonly passed?: boolean;
  readonly audit?: boolean;
  readonly count?: number;
  /** Seconds. */
  readonly for?: number;
}

const REASONS: readonly string[] = [
  'default',
  'malformed',
  'vlan_depth',
  'ext_headers',
  'source_routed',
  'non_ip',
  ...EXEMPTIONS,
];

function parseCount(value: string): number {
  if (/^[1-9]\d{0,8}$/u.test(value)) return Number(value);
  throw new InvalidArgumentError('write a number from 1 on.');
}

function parseTime(value: string): number {
  const seconds = parseDuration(value);
  if (seconds !== undefined && seconds > 0) return seconds;
  throw new InvalidArgumentError('write a time such as 30s, 10m or 2h.');
}

function parseReason(value: string, before: readonly string[] = []): readonly string[] {
  if (REASONS.includes(value)) return [...before, value];
  throw new InvalidArgumentError(`write one of ${REASONS.join(', ')}.`);
}

export function addSampleOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--rule <name>', 'only packets that this rule decided; repeatable').argParser<readonly string[]>(
        collect,
      ),
    )
    .addOption(
      new Option(
        '--reason <reason>',
        `only packets decided without a rule for this reason, or with --rule, these too: ${REASONS.slice(0, 5).join(', ')}, ...; repeatable`,
      ).argParser<readonly string[]>(parseReason),
    )
    .option('--passed', 'also packets that pass, of the rules and reasons that are named')
    .addOption(
      new Option(
        '--audit',
        'instead, packets that the policy on trial would drop or pass otherwise; rules and reasons are its own',
      ).conflicts('passed'),
    )
    .option('--count <number>', 'end after this many packets', parseCount)
    .option('--for <time>', 'end after this time, such as 30s', parseTime);
}

export function requestOf({ rule, reason, passed, audit }: SampleOptions): EventsRequest {
  if (passed === true && rule === undefined && reason === undefined) {
    throw new UsageError(
      '--passed needs the rules whose packets you want',
      'name them: --rule NAME, or --reason default',
    );
  }
  return { rules: rule, reasons: reason, passed, audit };
}
