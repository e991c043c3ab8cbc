import { closest } from '../base/suggest.ts';
import type { Policy } from '../policy/model.ts';
import { listInterfaces } from './interfaces.ts';

/** An interface that neither the policy nor this host knows is a slip, perhaps. */
export async function unknownInterfaceNotes({ rules }: Policy, name: string): Promise<readonly string[]> {
  const named = new Set(rules.flatMap(({ interfaces }) => interfaces ?? []));
  if (named.has(name)) return [];
  const here = (await listInterfaces()).map((device) => device.name);
  if (here.includes(name)) return [];
  const known = [...new Set([...named, ...here])];
  const nearest = closest(name, known);
  const help = nearest === undefined ? `known are: ${known.join(', ')}` : `did you mean ${nearest}?`;
  return [`no rule names the interface ${name}, and this host has none of that name; ${help}`];
}
