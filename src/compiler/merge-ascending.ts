/** The numbers of lists that each ascend, in one list that ascends. */
export function mergeAscending(lists: readonly ArrayLike<number>[]): ArrayLike<number> {
  const [first = [], ...others] = lists;
  if (others.length === 0) return first;
  const all = new Uint32Array(lists.reduce((sum, list) => sum + list.length, 0));
  let at = 0;
  for (const list of lists) {
    all.set(list, at);
    at += list.length;
  }
  // A typed array is sorted several times faster than numbers that a function compares.
  return all.sort();
}
