/** The agent's API over the network: who gets in, what each role may do, and what becomes of those that were let in. */
import { once } from 'node:events';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { present } from '../../src/base/assert.ts';
import { AgentProcess } from '../support/agent-process.ts';
import { TestAuthority } from '../support/certificates.ts';
import { NamespacePair } from '../support/namespaces.ts';

const PORT = 9478;

const POLICY = `name: edge
rules:
  - { name: rest, action: block, filters: ["*+192.0.2.1:9:TCP"] }
`;

let pair: NamespacePair;
let agent: AgentProcess;
let authority: TestAuthority;
let web1: string;

beforeAll(async () => {
  pair = new NamespacePair({ ipv6: false });
  authority = await TestAuthority.make(join(pair.directory, 'pki'));
  web1 = await authority.host('web1', pair.host.ipv4);
  await authority.operator('alice', 'administrator');
  await authority.operator('bob', 'operator');
  await authority.operator('vera', 'viewer');
  writeConfig('');
  agent = await AgentProcess.start(pair);
});

afterAll(() => {
  pair[Symbol.dispose]();
});

function writeConfig(more: string): void {
  writeFileSync(pair.config, `api:\n  listen: ":${PORT}"\n  credentials: ${web1}\n${more}`);
}

interface Answer {
  /** 0 where TLS let nobody in. */
  readonly status: number;
  readonly body: unknown;
}

/** From the other host, with the files of a folder; without one, without a certificate. */
function ask(
  holder: string | undefined,
  method: string,
  path: string,
  body?: unknown,
  more: readonly string[] = [],
): Answer {
  const own =
    holder === undefined ? [] : ['--cert', join(holder, 'operator.crt'), '--key', join(holder, 'operator.key')];
  const sent = body === undefined ? [] : ['-H', 'content-type: application/json', '-d', JSON.stringify(body)];
  const url = `https://${pair.host.ipv4}:${PORT}${path}`;
  const common = ['-sS', '-m', '20', '--cacert', join(authority.folder, 'ca.crt'), '-w', '\n%{http_code}'];
  const { stdout } = pair.run(pair.peer, ['curl', ...common, ...own, ...more, '-X', method, ...sent, url]);
  const lines = stdout.split('\n');
  const status = Number(lines.pop());
  return { status, body: status === 0 ? undefined : (JSON.parse(lines.join('\n')) as unknown) };
}

function holder(name: string): string {
  return join(authority.folder, 'holders', name);
}

const APPLY = { input: { file: 'edge.yaml', text: POLICY, files: {} }, interfaces: ['eth0'], mode: 'auto' };
const REFUSED = { status: 403, body: { code: 'XDPOL_E_ROLE' } };
const NOT_LET_IN = { status: 0 };

describe('who gets in', () => {
  test('the holder of a certificate of the authority', async () => {
    expect(ask(holder('vera'), 'GET', '/v1/status')).toMatchObject({ status: 200, body: { policy: null } });
    await expect.poll(() => agent.log).toContain(`other hosts are answered on https://[::]:${PORT}`);
  });

  test('nobody without a certificate, with one that has ended, or one of a host', async () => {
    expect(ask(undefined, 'GET', '/v1/status')).toEqual(NOT_LET_IN);
    expect(ask(await authority.expired('erika', 'administrator'), 'GET', '/v1/status')).toEqual(NOT_LET_IN);
    const web2 = await authority.host('web2');
    copyFileSync(join(web2, 'host.crt'), join(web2, 'operator.crt'));
    copyFileSync(join(web2, 'host.key'), join(web2, 'operator.key'));
    expect(ask(web2, 'GET', '/v1/status')).toMatchObject(REFUSED);
  });

  test('nobody with a certificate of another authority, were it of the same name', async () => {
    const other = await TestAuthority.make(join(pair.directory, 'other'));
    expect(ask(await other.operator('alice', 'administrator'), 'GET', '/v1/status')).toEqual(NOT_LET_IN);
  });

  test('nobody over TLS before 1.3', () => {
    expect(ask(holder('vera'), 'GET', '/v1/status', undefined, ['--tls-max', '1.2'])).toEqual(NOT_LET_IN);
  });
});

describe('what each role may do', () => {
  test('a viewer reads and changes nothing', () => {
    for (const path of ['status', 'counters', 'policies', 'assignment', 'pending', 'openapi.json']) {
      expect([path, ask(holder('vera'), 'GET', `/v1/${path}`).status]).toEqual([path, 200]);
    }
    for (const path of ['apply', 'confirm', 'rollback', 'unassign', 'restore', 'dynamic-change']) {
      expect([path, ask(holder('vera'), 'POST', `/v1/${path}`)]).toMatchObject([path, REFUSED]);
    }
    expect(ask(holder('vera'), 'POST', '/v1/doctor/mend', {})).toMatchObject(REFUSED);
    expect(ask(holder('vera'), 'DELETE', '/v1/policies/edge')).toMatchObject(REFUSED);
    expect(ask(holder('vera'), 'GET', '/v1/doctor').status).toBe(200);
    expect(ask(holder('vera'), 'POST', '/v1/check', { input: APPLY.input }).status).toBe(200);
  });

  test('an operator confirms and takes back besides, an administrator changes', () => {
    expect(ask(holder('bob'), 'POST', '/v1/apply', APPLY)).toMatchObject(REFUSED);
    const waiting = { ...APPLY, confirm: 600 };
    expect(ask(holder('alice'), 'POST', '/v1/apply', waiting)).toMatchObject({ status: 200, body: { policy: 'edge' } });
    expect(ask(holder('bob'), 'POST', '/v1/rollback').status).toBe(200);
    expect(ask(holder('alice'), 'POST', '/v1/apply', waiting).status).toBe(200);
    expect(ask(holder('bob'), 'POST', '/v1/confirm').status).toBe(200);
  });

  test('records have the name in the certificate', () => {
    const { body } = ask(holder('vera'), 'GET', '/v1/policies/edge/versions');
    expect(body).toMatchObject({ versions: [{ who: 'certificate alice' }] });
  });

  test('a body that the role may not send is not read', () => {
    const { status } = ask(holder('vera'), 'POST', '/v1/apply', { ...APPLY, input: 'x'.repeat(1 << 16) });
    expect(status).toBe(403);
  });
});

describe('files that change', () => {
  test('who is revoked is refused from the next connection on, and the others are not', async () => {
    await authority.authority.revoke('bob');
    copyFileSync(join(authority.folder, 'crl.pem'), join(web1, 'crl.pem'));
    expect(ask(holder('bob'), 'GET', '/v1/status')).toEqual(NOT_LET_IN);
    expect(ask(holder('vera'), 'GET', '/v1/status').status).toBe(200);
  });

  test('a damaged file leaves the old ones in use, and is told', async () => {
    const path = join(web1, 'crl.pem');
    const good = readFileSync(path);
    writeFileSync(path, 'nonsense');
    expect(ask(holder('bob'), 'GET', '/v1/status')).toEqual(NOT_LET_IN);
    expect(ask(holder('vera'), 'GET', '/v1/status').status).toBe(200);
    writeFileSync(path, good);
    await expect.poll(() => agent.log).toContain('stay in use');
  });
});

/** Milliseconds for a connection without a handshake to be ended. */
const PATIENCE = 30_000;

describe('limits', () => {
  test(
    'a connection on which nothing is said ends, and the rest are served meanwhile',
    async () => {
      const connect = `
      require('node:net').connect(${PORT}, '${pair.host.ipv4}')
        .on('connect', () => console.log('connected')).on('close', () => console.log('closed'));`;
      const silent = pair.spawn(pair.peer, [process.execPath, '-e', connect], { stdio: ['ignore', 'pipe', 'inherit'] });
      const output = present(silent.stdout).setEncoding('utf8');
      expect(await once(output, 'data')).toEqual(['connected\n']);
      expect(ask(holder('vera'), 'GET', '/v1/status').status).toBe(200);
      expect(await once(output, 'data')).toEqual(['closed\n']);
    },
    PATIENCE,
  );

  test('a request with too many headers is refused', () => {
    const big = ['-H', `x-long: ${'x'.repeat(10_000)}`];
    const { stdout } = pair.run(pair.peer, [
      'curl',
      '-sS',
      '-m',
      '20',
      '-o',
      '/dev/null',
      '-w',
      '%{http_code}',
      '--cacert',
      join(authority.folder, 'ca.crt'),
      '--cert',
      join(holder('vera'), 'operator.crt'),
      '--key',
      join(holder('vera'), 'operator.key'),
      ...big,
      `https://${pair.host.ipv4}:${PORT}/v1/status`,
    ]);
    expect(stdout).toBe('431');
  });
});

describe('the configuration', () => {
  test('roles that it has count, and not those of certificates', async () => {
    writeConfig('  roles: { administrator: [vera, web2] }\n');
    await agent.end('SIGTERM');
    agent = await AgentProcess.start(pair);
    expect(ask(holder('vera'), 'POST', '/v1/apply', APPLY).status).toBe(200);
    expect(ask(holder('alice'), 'GET', '/v1/status')).toMatchObject(REFUSED);
    const asHost = ask(holder('web2'), 'GET', '/v1/status');
    expect(asHost).toMatchObject(REFUSED);
    expect(JSON.stringify(asHost)).toContain("is a host's");
  });

  test('without an address nothing is served; without files it is told, and the rest works', async () => {
    writeFileSync(pair.config, '');
    await agent.end('SIGTERM');
    agent = await AgentProcess.start(pair);
    expect(ask(holder('vera'), 'GET', '/v1/status')).toEqual(NOT_LET_IN);
    writeFileSync(pair.config, `api: { listen: ":${PORT}", credentials: ${pair.directory}/none }\n`);
    await agent.end('SIGTERM');
    agent = await AgentProcess.start(pair);
    await expect.poll(() => agent.log).toMatch(/other hosts are not answered: .*ca\.crt cannot be read/u);
    expect(agent.fetch('/healthz').status).toBe(200);
  });
});
