/** The log of the agent: what it did and what went wrong, a line each, with the values as fields. */
import { fstatSync } from 'node:fs';
import { pino, stdTimeFunctions } from 'pino';

export type LogFields = Readonly<Record<string, string | number | boolean | null | readonly string[] | undefined>>;

export interface AgentLog {
  /** Something that was done. */
  info(message: string, fields?: LogFields): void;
  /** Something that went wrong, and that the agent tries again or works without. */
  warning(message: string, fields?: LogFields): void;
  /** A request or a duty that failed for a reason that nobody expected. */
  error(message: string, fields?: LogFields): void;
}

/**
 * `text`: one line for a reader at a terminal. `json`: one object a line. `journal`: the same behind the priority that
 * journald takes from the start of a line.
 */
export type LogForm = 'text' | 'json' | 'journal';

/** Takes whole lines, without the line break. */
export type WriteLine = (line: string) => void;

const LEVELS = { info: 30, warning: 40, error: 50 } as const;
/** Priorities of syslog, as journald reads them. */
const PRIORITIES: ReadonlyMap<number, number> = new Map([
  [LEVELS.info, 6],
  [LEVELS.warning, 4],
  [LEVELS.error, 3],
]);

/** The form for whoever reads `fd`; systemd says in JOURNAL_STREAM which file is its journal. */
export function logFormFor(fd: number, isTerminal: boolean, environment: NodeJS.ProcessEnv): LogForm {
  if (isTerminal) return 'text';
  const { dev, ino } = fstatSync(fd);
  return environment['JOURNAL_STREAM'] === `${dev}:${ino}` ? 'journal' : 'json';
}

export function openLog(form: LogForm, write: WriteLine): AgentLog {
  if (form === 'text') {
    const writeLine: AgentLog['info'] = (message) => write(`xdpol agent: ${message}`);
    return { info: writeLine, warning: writeLine, error: writeLine };
  }
  const stream = {
    // pino then sets lastLevel before each line.
    [Symbol.for('pino.metadata')]: true,
    lastLevel: LEVELS.info as number,
    write(line: string): void {
      const json = line.trimEnd();
      write(form === 'journal' ? `<${PRIORITIES.get(stream.lastLevel) ?? 6}>${json}` : json);
    },
  };
  const logger = pino(
    {
      base: { program: 'xdpol agent', pid: process.pid },
      customLevels: LEVELS,
      useOnlyCustomLevels: true,
      level: 'info',
      messageKey: 'message',
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  );
  return {
    info: (message, fields = {}) => logger.info(fields, message),
    warning: (message, fields = {}) => logger.warning(fields, message),
    error: (message, fields = {}) => logger.error(fields, message),
  };
}
