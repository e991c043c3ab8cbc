/** What the documentation shows of events, captures, audits and reports is what they print. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { present } from '../../../../src/base/assert.ts';
import { CaptureFile } from '../../../../src/cli/events/capture-file.ts';
import { renderAudit } from '../../../../src/cli/render/audit.ts';
import { renderSample } from '../../../../src/cli/render/events.ts';
import { renderReport } from '../../../../src/cli/render/report.ts';
import type { SampleEvent } from '../../../../src/host/events.ts';
import { candidatesOf, fewSourcesOf } from '../../../../src/host/evidence/candidates.ts';
import type { ReportOutcome } from '../../../../src/host/evidence/report.ts';
import type { ReportedRule } from '../../../../src/host/evidence/report-traffic.ts';
import { tcp, udp } from '../../../support/packets.ts';
import { readText } from '../../../support/read-text.ts';

const documentation = (name: string): string =>
  readFileSync(new URL(`../../../../docs/${name}`, import.meta.url), 'utf8');

/** `clock` is that of this machine, whatever its time zone. */
function sampleAt(clock: string, changes: Partial<SampleEvent>): SampleEvent {
  return {
    kind: 'sample',
    time: new Date(`2026-11-26T${clock}`).toISOString(),
    interface: 'eth0',
    direction: 'ingress',
    verdict: 'drop',
    change: null,
    by: 'default',
    rule: null,
    reason: null,
    policy: 'edge',
    rank: null,
    length: 60,
    text: '',
    packet: '',
    ...changes,
  };
}

test('events', () => {
  const lines = [
    sampleAt('07:52:14.103', {
      by: 'rule',
      rule: 'dns',
      text: 'udp 203.0.113.9:40112 -> 192.0.2.1:53',
      length: 142,
    }),
    sampleAt('07:52:14.519', { text: 'tcp 198.51.100.7:51034 -> 192.0.2.1:22' }),
    sampleAt('07:52:15.020', { by: 'parse', reason: 'malformed', text: 'malformed', length: 64 }),
  ].map((event) => renderSample(event));
  expect(documentation('events.md')).toContain(`$ xdpol events\n${lines.join('\n')}\n`);
});

test('events --audit, and audit', () => {
  const web = {
    verdict: 'pass',
    change: 'would_drop',
    text: 'tcp 10.0.0.7:51034 -> 192.0.2.1:9100',
    length: 74,
  } as const;
  const admin = { change: 'would_pass', by: 'rule', rule: 'Admin network', length: 74 } as const;
  const lines = [
    sampleAt('10:04:51.207', web),
    sampleAt('10:04:51.880', { ...admin, text: 'tcp 10.9.0.2:40112 -> 192.0.2.1:22' }),
  ].map((event) => renderSample(event));
  expect(documentation('audit.md')).toContain(`$ xdpol events --audit\n${lines.join('\n')}\n`);
  const changes = [
    { change: 'would_drop', by: 'default', rule: null, reason: null, packets: 1204, bytes: 90_300 },
    { change: 'would_pass', by: 'rule', rule: 'Admin network', reason: null, packets: 17, bytes: 1200 },
  ] as const;
  const audit = renderAudit({
    policy: 'edge',
    version: 7,
    hash: 'h',
    since: '2026-11-26T10:02:11.480Z',
    sides: [{ interface: 'eth0', direction: 'ingress', agreed: 4_120_533, changes }],
  });
  expect(documentation('audit.md')).toContain(`$ xdpol audit\n${audit.trimEnd()}\n`);
});

test('a capture, as tshark shows it', async () => {
  const frames = [
    {
      frame: udp('203.0.113.9', '192.0.2.1', { sport: 40_112, dport: 53 }).frame,
      by: 'rule',
      rule: 'dns',
    },
    { frame: tcp('198.51.100.7', '192.0.2.1', { sport: 51_034, dport: 22 }).frame },
  ] as const;
  const out = new PassThrough();
  const file = new CaptureFile(out, {}, new Map());
  for (const { frame, ...decided } of frames) {
    const packet = Buffer.from(frame).toString('base64');
    file.add(sampleAt('07:52:14.103', { ...decided, packet, length: frame.length }));
  }
  const [input] = await Promise.all([buffer(out), file.end(new Map())]);
  const text = documentation('events.md');
  const command = present(/xdpol capture -w - \| (tshark .+)\n/u.exec(text)?.[1]);
  // tshark reads a pipe, and what Node gives to a child is a socket.
  const shown = execFileSync('sh', ['-c', `cat | ${command}`], { input, encoding: 'utf8', stdio: 'pipe' });
  expect(text).toContain(`${command}\n\`\`\`\n\n\`\`\`text\n${shown}\`\`\`\n`);
});

/** Filters as `report` writes them. */
const OLD_WEB = '{ source: any, destination: me, protocol: tcp, destinationPort: 8080 }';
const SSH = '{ source: 10.0.0.0/8, destination: me, protocol: tcp, destinationPort: 22 }';
const REPORTED = present(
  readText(`name: edge
default: block
rules:
  - { name: web, action: permit, filters: [${OLD_WEB.replace('8080', '443')}, ${OLD_WEB}] }
  - { name: old-ftp, action: permit, filters: [${OLD_WEB.replace('8080', '21')}] }
  - { name: admin, action: permit, filters: [${SSH}] }
`).policy,
);

function reportedRules(): readonly ReportedRule[] {
  const counted: Readonly<Record<string, Omit<ReportedRule, 'rule' | 'action'>>> = {
    web: { packets: 91_544_023, bytes: 61_200_000_000, lastMatch: '2026-11-26T10:51:01.000Z' },
    admin: { packets: 291_204, bytes: 40_100_000, lastMatch: '2026-11-26T10:48:40.000Z' },
    'old-ftp': { packets: 0, bytes: 0, lastMatch: null },
  };
  const rules = REPORTED.rules.map(({ name, action }) => ({ rule: name, action, ...present(counted[name]) }));
  const rest = { packets: 5_380_112, bytes: 430_400_000, lastMatch: '2026-11-26T10:51:02.000Z' };
  return [...rules, { rule: null, action: REPORTED.default, ...rest }];
}

function reported(): ReportOutcome {
  const since = '2026-11-02T08:14:31.000Z';
  const rules = reportedRules();
  const unusedRules = rules.filter(({ packets }) => packets === 0);
  const unusedFilters = [{ rule: 'web', filter: OLD_WEB, since, lastMatch: null }];
  const addresses = { '10.1.4.7': 398, '10.1.4.9': 14 };
  const source = { policy: 'edge', rule: 'admin', filter: SSH, half: 'forward', samples: 412 } as const;
  const fewSources = fewSourcesOf(REPORTED, [{ ...source, addresses, isMany: false }]);
  const unused = { rules: new Set(['old-ftp']), filters: new Map([['web', new Set([OLD_WEB])]]) };
  return {
    policy: 'edge',
    since,
    until: '2026-11-26T10:51:02.000Z',
    gaps: [],
    gapsLeftOut: 0,
    notes: ['sources are known by samples alone, taken for 69431 s of the window: others may use a permit too'],
    hours: [],
    rules,
    unusedRules,
    unusedFilters,
    topRules: [...rules].filter(({ packets }) => packets > 0).sort((a, b) => b.packets - a.packets),
    sampledSeconds: 69_431,
    fewSources,
    shadowed: [],
    candidates: candidatesOf(REPORTED, unused, fewSources),
  };
}

test('report', () => {
  expect(documentation('report.md')).toContain(`$ xdpol report\n${renderReport(reported()).trimEnd()}\n`);
});
