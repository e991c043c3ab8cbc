/** Certificates of many hosts. They have one key, since nothing that is measured depends on the keys being different. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { issueForRequest, makeRequest, readIssuer } from '../../src/pki/x509.ts';
import type { AgentIdentity } from './messages.ts';

const DAYS = 2;

export interface Identities {
  readonly key: string;
  readonly agents: readonly AgentIdentity[];
}

/** `pki`: the folder of the authority. */
export async function issueIdentities(pki: string, names: readonly string[]): Promise<Identities> {
  const read = (file: string): string => readFileSync(join(pki, file), 'utf8');
  const issuer = await readIssuer({ certificate: read('ca.crt'), key: read('ca.key') });
  const { request, key } = await makeRequest('host');
  const agents: AgentIdentity[] = [];
  for (const name of names) {
    const certificate = await issueForRequest(issuer, { kind: 'host', name, addresses: [] }, DAYS, request);
    agents.push({ name, certificate });
  }
  return { key, agents };
}
