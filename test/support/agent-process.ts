/** A real agent in a namespace, and what it answers. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { present } from '../../src/base/assert.ts';
import type { NamespacePair } from './namespaces.ts';

export interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly allow: string | null;
  readonly body: string;
}

const FETCH = `
fetch(process.argv[1], { method: process.argv[2] }).then(async (answer) => {
  const header = (name) => answer.headers.get(name);
  const body = await answer.text();
  console.log(JSON.stringify({ status: answer.status, type: header('content-type'), allow: header('allow'), body }));
});
`;

/** An HTTP request from inside the namespace of the pair's host. */
export function fetchInside(pair: NamespacePair, url: string, method = 'GET'): Answer {
  return JSON.parse(pair.exec(pair.host, [process.execPath, '-e', FETCH, url, method])) as Answer;
}

export class AgentProcess {
  readonly #pair: NamespacePair;
  readonly #child: ChildProcess;
  #log = '';

  private constructor(pair: NamespacePair, argv: readonly string[]) {
    this.#pair = pair;
    this.#child = pair.spawn(pair.host, argv, {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    present(this.#child.stderr)
      .setEncoding('utf8')
      .on('data', (text: string) => {
        this.#log += text;
      });
  }

  /** `wrap` starts it by another command. */
  static async start(
    pair: NamespacePair,
    listen = '127.0.0.1:0',
    wrap = (argv: readonly string[]): readonly string[] => argv,
  ): Promise<AgentProcess> {
    const agent = new AgentProcess(pair, wrap(pair.xdpol('agent', '--listen', listen)));
    while (!agent.#log.includes('listening on')) {
      const gone = await Promise.race([
        once(present(agent.#child.stderr), 'data'),
        once(agent.#child, 'exit').then(() => true),
      ]);
      if (gone === true) throw new Error(`the agent ended: ${agent.#log}`);
    }
    return agent;
  }

  /** What it wrote: a JSON object a line. */
  get log(): string {
    return this.#log;
  }

  get pid(): number {
    return present(this.#child.pid);
  }

  get url(): string {
    return present(/listening on (?<url>http:[^\s"]+)/u.exec(this.#log)?.groups?.['url']);
  }

  fetch(path: string, method = 'GET'): Answer {
    return fetchInside(this.#pair, `${this.url}${path}`, method);
  }

  /** A scrape that must succeed. */
  scrape(): Scrape {
    const { status, body } = this.fetch('/metrics');
    if (status !== 200) throw new Error(`scrape: ${status} ${body}${this.#log}`);
    return new Scrape(body);
  }

  /** Its exit code, null where the signal ended it; the log is whole then. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    const ended = once(this.#child, 'close') as Promise<[number | null]>;
    this.#child.kill(signal);
    const [code] = await ended;
    return code;
  }
}

export class Scrape {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** The value of the one series written like this. */
  value(series: string): number {
    const lines = this.text.split('\n').filter((line) => line.startsWith(`${series} `));
    if (lines.length !== 1) throw new Error(`${lines.length} series ${series}`);
    return Number(present(lines[0]).slice(series.length));
  }

  /** The sum over the series of a metric whose labels include all of `labels`, each as `name="value"`. */
  sum(metric: string, ...labels: readonly string[]): number {
    const lines = this.text.split('\n').filter((line) => line.startsWith(`${metric}{`));
    const chosen = lines.filter((line) => labels.every((label) => line.includes(label)));
    return chosen.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
  }

  /** Everything but prom-client's process metrics. */
  get own(): string {
    const mine = this.text.split('\n').filter((line) => /^(?:# \w+ )?xdpol_/u.test(line));
    return `${mine.join('\n')}\n`;
  }

  /** Names of the metrics that have a TYPE line. */
  get types(): ReadonlyMap<string, string> {
    return new Map(
      [...this.text.matchAll(/^# TYPE (\S+) (\S+)$/gmu)].map(([, name, type]) => [present(name), present(type)]),
    );
  }
}
