/** The agent against a policy that filters real packets: what it exports, and what its death changes. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { METRICS } from '../../src/exporter/metric-catalogue.ts';
import { AgentProcess, fetchInside } from '../support/agent-process.ts';
import { holdStore } from '../support/hold-store.ts';
import { NamespacePair } from '../support/namespaces.ts';
import type { Flow } from '../support/udp.ts';
import { sendUdp, UdpSink } from '../support/udp.ts';

const HOST = '192.0.2.1';
const PEER = '192.0.2.2';
/** Ethernet, IPv4 and UDP headers around 100 bytes. */
const FRAME = 142;

const POLICY = `
name: Agent test
rules:
  - name: web
    action: permit
    filters: [{ source: any, destination: ${HOST}, protocol: udp, destinationPort: 1000 }]
  - name: noise
    action: block
    filters: [{ source: any, destination: ${HOST}, protocol: udp, destinationPort: 2000 }]
  - name: 'mail "out"'
    action: permit
    filters:
      - { source: ${HOST}, destination: any, protocol: udp, destinationPort: 4000 }
      - { source: ${HOST}, destination: any, protocol: udp, destinationPort: 4001 }
`;

/** 18 packets: the last datagram makes three, two of which have no ports. */
const INWARD: readonly Flow[] = [
  { to: HOST, port: 1000, count: 5 },
  { to: HOST, port: 2000, count: 7 },
  { to: HOST, port: 3000, count: 3 },
  { to: HOST, port: 1000, count: 1, bytes: 4000 },
];
const INWARD_PACKETS = 18;
const OUTWARD: readonly Flow[] = [{ to: PEER, port: 4000, count: 4 }];
const OUTWARD_PACKETS = 4;

const rule = (name: string, action: string): string =>
  `{device="eth0",direction="ingress",policy="Agent test",rule="${name}",action="${action}"}`;
const WEB = rule('web', 'permit');
const NOISE = rule('noise', 'block');

let pair: NamespacePair;
let sink: UdpSink;
let agent: AgentProcess;
/** Packets sent so far, by the host's direction. */
const sent = { ingress: 0, egress: 0 };

function sendMix(): void {
  sendUdp(pair, pair.peer, INWARD);
  sendUdp(pair, pair.host, OUTWARD);
  sent.ingress += INWARD_PACKETS;
  sent.egress += OUTWARD_PACKETS;
}

function apply(policy: string): void {
  const path = join(pair.directory, 'policy.yaml');
  writeFileSync(path, policy);
  pair.exec(pair.host, pair.xdpol('apply', path, '-i', 'eth0', '--mode', 'native'));
}

beforeAll(async () => {
  pair = new NamespacePair({ ipv6: false });
  sink = await UdpSink.start(pair, pair.host, [1000, 2000, 3000]);
  await UdpSink.start(pair, pair.peer, [4000]);
  apply(POLICY);
  agent = await AgentProcess.start(pair);
  sendMix();
});

afterAll(() => pair[Symbol.dispose]());

/** What differs from run to run or with the compiler. */
function masked(text: string): string {
  return text
    .replaceAll(/(?<label>hash|program_tag|version|kernel|libbpf|node)="[^"]*"/gu, '$<label>="..."')
    .replaceAll(
      /^(?<series>\w+_timestamp_seconds\S*(?: "?out\S*)?|xdpol_scrape_duration_seconds|xdpol_table_\S+|xdpol_events_total)(?<rest>.*) \S+$/gmu,
      '$<series>$<rest> ...',
    );
}

describe('a scrape', () => {
  test('is this text', async () => {
    await expect(masked(agent.scrape().own)).toMatchFileSnapshot('../golden/exporter/scrape.txt');
  });

  test('satisfies promtool', () => {
    const { status, stdout, stderr } = pair.run(pair.host, ['promtool', 'check', 'metrics'], agent.scrape().text);
    expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: '' });
  });

  test('has every metric of the catalogue, with its type, and no other of ours', () => {
    const own = [...agent.scrape().types].filter(([name]) => name.startsWith('xdpol_'));
    // No names, live sets, feeds, trial or fleet here: follow-names, live-sets, audit and fleet-follow.test.ts have theirs.
    const ours = Object.entries(METRICS).filter(([name]) => !/^xdpol_(?:name|set|feed|audit|fleet)_/u.test(name));
    const catalogue = ours.map(([name, { type }]) => [name, type]);
    expect(own.sort()).toEqual(catalogue.sort());
  });

  test('adds up to the packets and bytes sent', () => {
    const scrape = agent.scrape();
    for (const direction of ['ingress', 'egress'] as const) {
      expect(scrape.sum('xdpol_packets_total', `direction="${direction}"`)).toBe(sent[direction]);
    }
    expect(scrape.value(`xdpol_rule_packets_total${NOISE}`)).toBe(7);
    expect(scrape.value(`xdpol_rule_bytes_total${NOISE}`)).toBe(7 * FRAME);
    expect(scrape.value('xdpol_packets_total{device="eth0",direction="ingress",verdict="drop"}')).toBe(7);
    expect(scrape.sum('xdpol_parse_packets_total', 'reason="fragment"', 'verdict="none"')).toBe(2);
  });

  test('tells when a rule last matched, within a tenth of a second', () => {
    const at = sendUdp(pair, pair.peer, [{ to: HOST, port: 2000, count: 1 }]);
    sent.ingress++;
    const series =
      'xdpol_rule_last_match_timestamp_seconds{device="eth0",direction="ingress",policy="Agent test",rule="noise"}';
    const first = agent.scrape().value(series);
    expect(Math.abs(first - at)).toBeLessThan(0.1);
    expect(agent.scrape().value(series)).toBe(first);
  });

  test('has no time for a rule that never matched', () => {
    const egress = agent
      .scrape()
      .text.split('\n')
      .filter((line) => /^xdpol_rule_last.*direction="egress"/u.test(line));
    expect(egress.map((line) => /rule="(?<rule>.*)"\}/u.exec(line)?.groups?.['rule'])).toEqual(['mail \\"out\\"']);
  });

  test('tells the sizes of the tables as they were compiled', () => {
    const json = pair.exec(pair.host, pair.xdpol('compile', 'Agent test', '--json'));
    const { tables } = JSON.parse(json) as { tables: readonly { name: string; entries: number; bytes: number }[] };
    const scrape = agent.scrape();
    for (const { name, entries, bytes } of tables) {
      expect(scrape.value(`xdpol_table_entries{table="${name}"}`), name).toBe(entries);
      expect(scrape.value(`xdpol_table_bytes{table="${name}"}`), name).toBeGreaterThanOrEqual(bytes);
    }
  });
});

describe('the HTTP server', () => {
  test('has a landing page and a health check', () => {
    expect(agent.fetch('/').body).toContain('href="/metrics"');
    expect(agent.fetch('/healthz')).toMatchObject({ status: 200, body: 'ok\n' });
    expect(agent.fetch('/metrics?x=1')).toMatchObject({
      status: 200,
      type: 'text/plain; version=0.0.4; charset=utf-8',
    });
  });

  test('answers HEAD without a body, other methods with 405, other paths with 404', () => {
    expect(agent.fetch('/metrics', 'HEAD')).toMatchObject({ status: 200, body: '' });
    expect(agent.fetch('/metrics', 'POST')).toMatchObject({ status: 405, allow: 'GET, HEAD' });
    expect(agent.fetch('/nothing')).toMatchObject({ status: 404 });
  });

  test('says why it cannot listen and what to do', () => {
    const address = agent.url.slice('http://'.length);
    const { status, stderr } = pair.run(pair.host, pair.xdpol('agent', '--listen', address));
    expect(status).toBe(1);
    expect(stderr).toMatch(/another program does\n {2}help: see which: ss -ltnp/u);
    expect(stderr).not.toContain(' at ');
  });

  test('a damaged assignment stops no scrape', () => {
    const path = join(pair.directory, 'state/assigned.json');
    const before = readFileSync(path);
    writeFileSync(path, 'not JSON');
    const answer = agent.fetch('/metrics');
    writeFileSync(path, before);
    expect(answer.status).toBe(200);
    expect(answer.body).toContain('xdpol_attached{device="eth0",direction="ingress"} 1');
  });
});

describe('life and death', () => {
  test('the filter does not notice that the agent is killed, and the next one counts on', async () => {
    const blocked = agent.scrape().value(`xdpol_rule_packets_total${NOISE}`);
    const before = sink.received(3000);
    await agent.end('SIGKILL');
    sendMix();
    await expect.poll(() => sink.received(3000)).toBe(before + 3);
    expect(sink.received(2000)).toBe(0);
    agent = await AgentProcess.start(pair);
    const scrape = agent.scrape();
    expect(scrape.value(`xdpol_rule_packets_total${NOISE}`)).toBe(blocked + 7);
    expect(scrape.sum('xdpol_packets_total')).toBe(sent.ingress + sent.egress);
  });

  test('counters go on when the policy is applied again, those of a rule that is gone in the totals', () => {
    const before = agent.scrape();
    const web = before.value(`xdpol_rule_packets_total${WEB}`);
    apply(POLICY.replace('name: noise', 'name: other noise'));
    sendMix();
    const scrape = agent.scrape();
    expect(scrape.value(`xdpol_rule_packets_total${WEB}`)).toBe(web + 6);
    expect(scrape.value(`xdpol_rule_packets_total${rule('other noise', 'block')}`)).toBe(7);
    expect(scrape.text).not.toContain('rule="noise"');
    expect(scrape.sum('xdpol_packets_total', 'direction="ingress"')).toBe(sent.ingress);
    const dropped = (s: typeof scrape): number => s.sum('xdpol_packets_total', 'verdict="drop"');
    expect(dropped(scrape)).toBe(dropped(before) + 7);
    expect(scrape.text).toMatch(/^xdpol_policy_info\{policy="Agent test",hash="[0-9a-f]{64}",generation="2"\} 1$/mu);
  });

  test('a hook that is gone is 0, and 1 again when the agent has put it back', async () => {
    const attached = (direction: string): number =>
      agent.scrape().value(`xdpol_attached{device="eth0",direction="${direction}"}`);
    const pins = join(pair.directory, 'bpffs/xdpol');
    const [namespace = ''] = readdirSync(pins);
    {
      using _held = holdStore(pair);
      rmSync(join(pins, namespace, 'eth0/egress'));
      expect([attached('ingress'), attached('egress')]).toEqual([1, 0]);
    }
    await expect.poll(() => [attached('ingress'), attached('egress')], { timeout: 30_000 }).toEqual([1, 1]);
  });

  test('an assigned interface that nothing filters any more is 0', () => {
    const { text } = agent.scrape();
    expect(text).toContain('xdpol_attached{device="eth0",direction="ingress"} 1');
    const pins = join(pair.directory, 'bpffs/xdpol');
    const [namespace = ''] = readdirSync(pins);
    {
      using _held = holdStore(pair);
      for (const hook of ['ingress', 'egress']) rmSync(join(pins, namespace, 'eth0', hook));
      expect(agent.scrape().sum('xdpol_attached', 'device="eth0"')).toBe(0);
      expect(agent.scrape().text).not.toContain('xdpol_policy_applied_timestamp_seconds');
    }
    apply(POLICY);
    expect(agent.scrape().sum('xdpol_attached', 'device="eth0"')).toBe(2);
  });

  test('SIGTERM ends it in order, and the policy stays in force', async () => {
    expect(await agent.end('SIGTERM')).toBe(0);
    expect(agent.log).toContain('stopped; filtering goes on');
    const status = pair.exec(pair.host, pair.xdpol('status', '--json'));
    expect((JSON.parse(status) as { policy: string }).policy).toBe('Agent test');
    agent = await AgentProcess.start(pair);
  });
});

/** A second interface that is filtered. */
function addDevice(name: string): void {
  pair.exec(pair.host, ['ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', `${name}p`]);
}

describe('two interfaces', () => {
  test('no series is told twice, and both parsers of Prometheus take the text', () => {
    addDevice('other0');
    const path = join(pair.directory, 'policy.yaml');
    pair.exec(pair.host, pair.xdpol('apply', path, '-i', 'eth0', '-i', 'other0'));
    const { text } = agent.scrape();
    const series = text.split('\n').flatMap((line) => /^(?<series>[a-z]\S*(?: .*\})?) \S+$/u.exec(line)?.[1] ?? []);
    expect(series.filter((one, i) => series.indexOf(one) !== i)).toEqual([]);
    const checked = pair.run(pair.host, ['promtool', 'check', 'metrics'], text);
    expect({ status: checked.status, said: checked.stdout + checked.stderr }).toEqual({ status: 0, said: '' });
    pair.exec(pair.host, pair.xdpol('apply', path, '-i', 'eth0'));
  });
});

interface QueryAnswer {
  readonly data: { readonly result: readonly { readonly value: readonly [number, string] }[] };
}

describe('Prometheus', () => {
  const port = 9090;

  function query(expression: string): string | undefined {
    const { data } = JSON.parse(
      fetchInside(pair, `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(expression)}`).body,
    ) as QueryAnswer;
    return data.result[0]?.value[1];
  }

  test('counts exactly what was sent, and no rate breaks when the policy is applied again', async () => {
    const target = agent.url.slice('http://'.length);
    const configuration = join(pair.directory, 'prometheus.yml');
    const scrape = `scrape_configs: [{ job_name: xdpol, scrape_interval: 500ms, static_configs: [{ targets: ['${target}'] }] }]`;
    writeFileSync(configuration, `${scrape}\n`);
    const options = [`--config.file=${configuration}`, `--storage.tsdb.path=${join(pair.directory, 'tsdb')}`];
    const prometheus = pair.spawn(
      pair.host,
      ['prometheus', ...options, `--web.listen-address=127.0.0.1:${port}`, '--log.level=warn'],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
    const expected = String(agent.scrape().sum('xdpol_packets_total', 'direction="ingress"'));
    const answer = (): string | undefined => {
      try {
        return query('sum by (device) (xdpol_packets_total{direction="ingress"})');
      } catch {
        return undefined;
      }
    };
    await expect.poll(answer, { timeout: 20_000, interval: 200 }).toBe(expected);
    expect(query('up{job="xdpol"}')).toBe('1');
    const web = 'xdpol_rule_packets_total{device="eth0",direction="ingress",rule="web"}';
    const before = Number(query(web));
    for (const name of ['a reason to compile again', 'another']) {
      apply(`${POLICY}# ${name}\n`);
      sendMix();
      await expect.poll(answer, { timeout: 20_000, interval: 200 }).toBe(String(sent.ingress));
    }
    expect(Number(query(web))).toBe(before + 2 * 6);
    for (const name of ['xdpol_packets_total', 'xdpol_bytes_total', 'xdpol_rule_packets_total'])
      expect(query(`sum(resets(${name}[5m]))`), name).toBe('0');
    expect(query(`count(count_over_time(${web}[5m]))`)).toBe('1');
    expect(Number(query(`rate(${web}[5m])`))).toBeGreaterThan(0);
    const ended = new Promise((resolve) => prometheus.once('exit', resolve));
    prometheus.kill('SIGTERM');
    await ended;
  });
});
