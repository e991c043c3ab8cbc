/**
 * Reads the configuration of a host. Every part that is wrong is reported and left at its default, so that a boot can go
 * by the rest; whether it goes on is the caller's decision.
 */
import type { Diagnostics } from '../../base/diagnostics.ts';
import type { Role } from '../../base/roles.ts';
import { ROLES } from '../../base/roles.ts';
import { isInterfacePattern } from '../../policy/interface-pattern.ts';
import type { Filter } from '../../policy/model.ts';
import type { InterfaceGroup } from '../ipsecpol/command.ts';
import type { ListenAddress } from '../listen-address.ts';
import { LISTEN_HELP, parseListenAddress } from '../listen-address.ts';
import { NamedFiles } from '../named-file.ts';
import type { Token } from '../token.ts';
import { checkStructure } from './check-structure.ts';
import { readFilter } from './filter-reader.ts';
import type { FleetConfig } from './fleet-reader.ts';
import { NO_FLEET, readFleet } from './fleet-reader.ts';
import { entriesOf, itemsOf, nodeOf, textNode } from './map-reader.ts';
import { readInterface } from './read-names.ts';
import { ServiceScope } from './service-scope.ts';
import type { MapNode, SourceNode } from './source-tree.ts';
import { readSourceTree } from './source-tree.ts';

/** What happens at boot where the store has no policy that can be put in force. */
export type BootMode = 'open' | 'closed';

export interface HostConfig {
  /** Names and patterns of what is filtered where a command names no interface; none: a command must name one. */
  readonly interfaces: readonly string[];
  /** Traffic that every policy must permit, in both directions. */
  readonly protect: readonly Filter[];
  readonly boot: BootMode;
  readonly interfaceGroups: Readonly<Record<InterfaceGroup, readonly string[]>>;
  readonly metrics: {
    /** undefined: the default of the agent. */
    readonly listen: ListenAddress | undefined;
  };
  readonly api: {
    /** undefined: the API is not served over the network. */
    readonly listen: ListenAddress | undefined;
    /** The folder with the certificate of this host. */
    readonly credentials: string;
    /** By the name in the certificate; undefined: the role that the certificate has. */
    readonly roles: ReadonlyMap<string, Role> | undefined;
  };
  readonly fleet: FleetConfig;
}

const DEFAULT_CREDENTIALS = '/etc/xdpol/api';

export const DEFAULT_CONFIG: HostConfig = {
  interfaces: [],
  protect: [],
  boot: 'open',
  interfaceGroups: { lan: [], dialup: [] },
  metrics: { listen: undefined },
  api: { listen: undefined, credentials: DEFAULT_CREDENTIALS, roles: undefined },
  fleet: NO_FLEET,
};

/** Never throws for what the text says. */
export function readConfig(file: string, text: string, diags: Diagnostics): HostConfig {
  if (isBlank(text)) return DEFAULT_CONFIG;
  const root = readSourceTree(file, text, diags, 'configuration');
  if (root === undefined) return DEFAULT_CONFIG;
  checkStructure(root, 'config', diags);
  if (root.kind !== 'map') return DEFAULT_CONFIG;
  return {
    interfaces: readInterfaces(nodeOf(root, 'interfaces'), readInterfaceOrPattern, diags),
    protect: readProtected(nodeOf(root, 'protect'), diags),
    boot: textNode(nodeOf(root, 'boot'))?.value === 'closed' ? 'closed' : 'open',
    interfaceGroups: readGroups(root, diags),
    metrics: { listen: readListen(nodeOf(root, 'metrics'), diags) },
    api: readApi(nodeOf(root, 'api'), diags),
    fleet: readFleet(nodeOf(root, 'fleet'), diags),
  };
}

/** Nothing but comments: every setting has its default. */
function isBlank(text: string): boolean {
  return text.split('\n').every((line) => /^[\s\ufeff]*(?:#|$)/u.test(line));
}

type ReadName = (token: Token, diags: Diagnostics) => string | undefined;

function readInterfaces(node: SourceNode | undefined, readOne: ReadName, diags: Diagnostics): readonly string[] {
  const tokens = itemsOf(node).flatMap((item) => textNode(item)?.token ?? []);
  return [...new Set(tokens.flatMap((token) => readOne(token, diags) ?? []))];
}

function readInterfaceOrPattern(token: Token, diags: Diagnostics): string | undefined {
  if (!isInterfacePattern(token.text)) return readInterface(token, diags);
  if (/^[^\s/:]{1,64}$/u.test(token.text)) return token.text;
  return diags.report('XP0309', token.span, `"${token.text}" cannot be a pattern of interface names`);
}

function readProtected(node: SourceNode | undefined, diags: Diagnostics): readonly Filter[] {
  const services = new ServiceScope(new NamedFiles(() => ({ error: 'the configuration has numbers only' })));
  const scope = { diags, sets: new Map(), usedSets: new Set<string>(), services };
  return itemsOf(node).flatMap((item) => readFilter(item, scope) ?? []);
}

function readGroups(root: MapNode, diags: Diagnostics): HostConfig['interfaceGroups'] {
  const groups = entriesOf(nodeOf(root, 'interfaceGroups'));
  const namesOf = (group: InterfaceGroup): readonly string[] =>
    readInterfaces(groups.get(group)?.value, readInterface, diags);
  return { lan: namesOf('lan'), dialup: namesOf('dialup') };
}

function readListen(section: SourceNode | undefined, diags: Diagnostics): ListenAddress | undefined {
  const token = textNode(entriesOf(section).get('listen')?.value)?.token;
  if (token === undefined) return undefined;
  const address = parseListenAddress(token.text);
  return address ?? diags.report('XP0901', token.span, `"${token.text}" is not an address and a port`, LISTEN_HELP);
}

function readApi(section: SourceNode | undefined, diags: Diagnostics): HostConfig['api'] {
  const entries = entriesOf(section);
  const credentials = textNode(entries.get('credentials')?.value)?.token.text ?? DEFAULT_CREDENTIALS;
  return { listen: readListen(section, diags), credentials, roles: readRoles(entries.get('roles')?.value, diags) };
}

/** A name of two roles has the lesser one. */
function readRoles(node: SourceNode | undefined, diags: Diagnostics): HostConfig['api']['roles'] {
  if (node === undefined) return undefined;
  const lists = entriesOf(node);
  const roles = new Map<string, Role>();
  for (const role of ROLES) {
    for (const { token } of itemsOf(lists.get(role)?.value).flatMap((item) => textNode(item) ?? [])) {
      const other = roles.get(token.text);
      if (other === undefined) roles.set(token.text, role);
      else diags.report('XP0902', token.span, `"${token.text}" is ${other} already`, 'name each operator once');
    }
  }
  return roles;
}
