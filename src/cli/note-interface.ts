/** An interface on the command line that neither the policy nor this host knows is a slip, perhaps: it is said. */
import { closest } from '../base/suggest.ts';
import { listInterfaces } from '../host/interfaces.ts';
import type { Policy } from '../policy/model.ts';
import { warnAll } from './render/terminal.ts';

export async function noteUnknownInterface({ rules }: Policy, name: string): Promise<void> {
  const named = new Set(rules.flatMap(({ interfaces }) => interfaces ?? []));
  if (named.has(name)) return;
  const here = (await listInterfaces()).map((device) => device.name);
  if (here.includes(name)) return;
  const known = [...new Set([...named, ...here])];
  const nearest = closest(name, known);
  const help = nearest === undefined ? `known are: ${known.join(', ')}` : `did you mean ${nearest}?`;
  warnAll([`no rule names the interface ${name}, and this host has none of that name; ${help}`]);
}
