/** A live set by its name. */
import { EnvironmentError } from '../../base/environment-error.ts';
import { didYouMean } from '../../base/suggest.ts';
import { feedText } from '../../policy/feed.ts';
import type { DeclaredSet } from '../../store/store.ts';
import type { HostContext } from '../context.ts';

/** Throws EnvironmentError where no policy that came in force has it. */
export function requireDeclared({ store }: HostContext, name: string): DeclaredSet {
  const declared = store.liveSets.declared();
  const found = declared.find((one) => one.name === name);
  if (found !== undefined) return found;
  const names = declared.map((one) => one.name);
  const known = names.length === 0 ? 'no policy in force has one' : `there are: ${names.join(', ')}`;
  throw new EnvironmentError('XDPOL_E_SET', `there is no live set ${name}: ${known}`, {
    help: didYouMean(name, names) ?? `declare it in the policy: addressSets: { ${name}: { live: true } }`,
  });
}

/** What its feed does not have would go with the next list. */
export function requireNoFeed({ name, feed }: DeclaredSet): void {
  if (feed === undefined) return;
  throw new EnvironmentError('XDPOL_E_SET', `the members of ${name} come from ${feedText(feed)}`, {
    help: 'add the addresses there, or to a live set without a feed',
  });
}
