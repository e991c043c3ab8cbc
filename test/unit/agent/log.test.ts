import { fstatSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { AgentLog, LogForm } from '../../../src/agent/log.ts';
import { logFormFor, openLog } from '../../../src/agent/log.ts';

function linesOf(form: LogForm, tell: (log: AgentLog) => void): readonly string[] {
  const lines: string[] = [];
  tell(openLog(form, (line) => lines.push(line)));
  return lines;
}

function tellAll(log: AgentLog): void {
  log.info('listening on http://[::1]:9477', { url: 'http://[::1]:9477' });
  log.warning('scrape failed: "no"\nsecond line', { code: 'XDPOL_E_SYSTEM' });
  log.error('a request met a fault');
}

test('an object a line, with the time, the level, the message and the fields', () => {
  const objects = linesOf('json', tellAll).map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(objects.map(({ level, message }) => [level, message])).toEqual([
    ['info', 'listening on http://[::1]:9477'],
    ['warning', 'scrape failed: "no"\nsecond line'],
    ['error', 'a request met a fault'],
  ]);
  expect(objects.map(({ url, code }) => [url, code])).toEqual([
    ['http://[::1]:9477', undefined],
    [undefined, 'XDPOL_E_SYSTEM'],
    [undefined, undefined],
  ]);
  for (const { time, pid, program } of objects) {
    expect(new Date(String(time)).toISOString()).toBe(time);
    expect({ pid, program }).toEqual({ pid: process.pid, program: 'xdpol agent' });
  }
});

test('journald reads the priority from the start of each line, and a line break ends no entry', () => {
  const lines = linesOf('journal', tellAll);
  expect(lines.map((line) => line.slice(0, 4))).toEqual(['<6>{', '<4>{', '<3>{']);
  expect(lines.filter((line) => line.includes('\n'))).toEqual([]);
});

test('a terminal gets text', () => {
  expect(linesOf('text', tellAll)[0]).toBe('xdpol agent: listening on http://[::1]:9477');
});

test('the form goes by who reads', () => {
  const { dev, ino } = fstatSync(2);
  expect(logFormFor(2, true, { JOURNAL_STREAM: `${dev}:${ino}` })).toBe('text');
  expect(logFormFor(2, false, { JOURNAL_STREAM: `${dev}:${ino}` })).toBe('journal');
  expect(logFormFor(2, false, { JOURNAL_STREAM: `${dev}:${ino + 1}` })).toBe('json');
  expect(logFormFor(2, false, {})).toBe('json');
});
