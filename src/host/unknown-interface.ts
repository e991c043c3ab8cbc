import { EnvironmentError } from '../base/environment-error.ts';
import { didYouMean, findClosest } from '../base/suggest.ts';
import { isInterfacePattern, matchesInterface } from '../policy/interface-pattern.ts';
import type { Policy } from '../policy/model.ts';

/** A name that must be there and is not; or a pattern where `takesPatterns` is false, or that means none. */
export function noInterface(
  name: string,
  there: readonly string[],
  { takesPatterns = false }: { readonly takesPatterns?: boolean } = {},
): EnvironmentError {
  const known = there.filter((other) => other !== 'lo');
  const meant = known.filter((other) => matchesInterface(name, other));
  if (isInterfacePattern(name) && !takesPatterns && meant.length > 0) {
    const message = `${name} is a pattern, and -i takes names here`;
    return new EnvironmentError('XDPOL_E_NO_INTERFACE', message, {
      help: `write those that it means: ${meant.map((other) => `-i ${other}`).join(' ')}`,
    });
  }
  const listed = `this network namespace has: ${known.join(', ') || 'none'}`;
  const help = [didYouMean(name, known), listed].filter((part) => part !== undefined).join(' ');
  return new EnvironmentError('XDPOL_E_NO_INTERFACE', `there is no interface ${name}`, { help });
}

/** An interface that neither the policy nor this host knows is a slip, perhaps. */
export async function unknownInterfaceNotes({ rules }: Policy, name: string): Promise<readonly string[]> {
  const { listInterfaces } = await import('./interfaces.ts');
  const named = new Set(rules.flatMap(({ interfaces }) => interfaces ?? []));
  if (named.has(name)) return [];
  const here = (await listInterfaces()).map((device) => device.name);
  if (here.includes(name)) return [];
  const known = [...new Set([...named, ...here])];
  const nearest = findClosest(name, known);
  const help = nearest === undefined ? `known are: ${known.join(', ')}` : `did you mean ${nearest}?`;
  return [`no rule names the interface ${name}, and this host has none of that name; ${help}`];
}
