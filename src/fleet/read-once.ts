/** What a signed statement says is worked out once, though a front looks at it for thousands of hosts. */
import type { Signed } from './signing.ts';

export function readOnce<T>(read: (signed: Signed) => T): (signed: Signed) => T {
  const known = new WeakMap<Signed, { readonly value: T }>();
  return (signed) => {
    const found = known.get(signed) ?? { value: read(signed) };
    known.set(signed, found);
    return found.value;
  };
}
