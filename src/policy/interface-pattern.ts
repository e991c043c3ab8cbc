/** Names of interfaces with `*` for any run of characters and `?` for one: `eth*`, `enp?s0`. */

export function isInterfacePattern(text: string): boolean {
  return /[*?]/u.test(text);
}

/** Does the name, or the pattern, mean the interface? */
export function matchesInterface(pattern: string, name: string): boolean {
  if (!isInterfacePattern(pattern)) return pattern === name;
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/gu, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 'su').test(name);
}
