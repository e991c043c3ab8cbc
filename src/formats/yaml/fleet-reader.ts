/** Reads the section `fleet` of a host's configuration. */
import type { Diagnostics } from '../../base/diagnostics.ts';
import { entriesOf, itemsOf, textNode } from './map-reader.ts';
import type { SourceNode } from './source-tree.ts';

/** What happens to a change that was made on a host while an order stands. */
export type DriftMode = 'report' | 'undo';

export interface FleetConfig {
  /** None: this host takes no orders. */
  readonly fronts: readonly URL[];
  /** By the name of the key, `ed25519:` and the public key in base64; undefined: those among the credentials. */
  readonly operators: ReadonlyMap<string, string> | undefined;
  /** The folder with the certificate of this host and the keys of operators. */
  readonly credentials: string;
  readonly drift: DriftMode;
  /** The most members that bans may have at a time. */
  readonly bans: number;
}

const DEFAULT_CREDENTIALS = '/etc/xdpol/fleet';
const USUAL_BANS = 10_000;
/** Of a live set. */
const MOST_BANS = 1_000_000;

export const NO_FLEET: FleetConfig = {
  fronts: [],
  operators: undefined,
  credentials: DEFAULT_CREDENTIALS,
  drift: 'report',
  bans: USUAL_BANS,
};

const PUBLIC_KEY = /^ed25519:[A-Za-z0-9+/]{43}=$/u;

export function readFleet(section: SourceNode | undefined, diags: Diagnostics): FleetConfig {
  const entries = entriesOf(section);
  const node = (key: string): SourceNode | undefined => entries.get(key)?.value;
  const operators = node('operators');
  return {
    fronts: readFronts(node('fronts'), diags),
    operators: operators === undefined ? undefined : readOperators(operators, diags),
    credentials: textNode(node('credentials'))?.token.text ?? DEFAULT_CREDENTIALS,
    drift: textNode(node('drift'))?.value === 'undo' ? 'undo' : 'report',
    bans: readBans(node('bans'), diags),
  };
}

function readFronts(node: SourceNode | undefined, diags: Diagnostics): readonly URL[] {
  const tokens = itemsOf(node).flatMap((item) => textNode(item)?.token ?? []);
  return tokens.flatMap((token) => {
    const url = URL.canParse(token.text) ? new URL(token.text) : undefined;
    if (url !== undefined && isAddress(url)) return url;
    const message = `"${token.text}" is not the address of a front`;
    return diags.report('XP0903', token.span, message, 'write one like https://front1.example.net:9479') ?? [];
  });
}

function isAddress({ protocol, pathname, search, hash, username, password }: URL): boolean {
  return protocol === 'https:' && pathname === '/' && [search, hash, username, password].join('') === '';
}

function readOperators(node: SourceNode, diags: Diagnostics): ReadonlyMap<string, string> {
  const keys = new Map<string, string>();
  for (const [name, { value }] of entriesOf(node)) {
    const token = textNode(value)?.token;
    if (token === undefined) continue;
    if (PUBLIC_KEY.test(token.text)) keys.set(name, token.text);
    else {
      const help = 'write a line of the file operators in the folder of the fleet: it begins with ed25519:';
      diags.report('XP0904', token.span, `the key of ${name} is no ed25519 public key`, help);
    }
  }
  return keys;
}

function readBans(node: SourceNode | undefined, diags: Diagnostics): number {
  if (node?.kind !== 'scalar' || !Number.isInteger(node.value)) return USUAL_BANS;
  const most = Number(node.value);
  if (most >= 0 && most <= MOST_BANS) return most;
  diags.report('XP0905', node.span, `${most} is not 0 to ${MOST_BANS}`, 'with 0 this host takes no bans');
  return USUAL_BANS;
}
