/** Comments of a YAML text, on the level of its tokens. */
import type { CST } from 'yaml';

type Collection = CST.BlockMap | CST.BlockSequence;
type Item = Collection['items'][number];

/** Every comment of the text, in its order, without white space at the ends. */
export function commentsOf(tokens: readonly CST.Token[]): string[] {
  const found: { readonly offset: number; readonly source: string }[] = [];
  const pending: unknown[] = [...tokens];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (Array.isArray(next)) {
      for (const inner of next) pending.push(inner);
    } else if (typeof next === 'object' && next !== null) {
      const token = next as Partial<CST.SourceToken>;
      if (token.type === 'comment') found.push({ offset: token.offset ?? 0, source: token.source?.trim() ?? '' });
      else for (const inner of Object.values(next)) if (typeof inner === 'object') pending.push(inner);
    }
  }
  return found.sort((a, b) => a.offset - b.offset).map(({ source }) => source);
}

/**
 * Gives comments to the collection that they are indented with. Where several follow the last item of a collection, the
 * parser leaves all of them to it, also those further left, which belong to the next item of a collection around it.
 */
export function settleComments(token: CST.Token): void {
  if (token.type === 'document') {
    if (token.value !== undefined) settleComments(token.value);
    return;
  }
  if (token.type !== 'block-map' && token.type !== 'block-seq') return;
  const items: Item[] = token.items;
  for (let i = 0; i < items.length; i++) {
    const value = items[i]?.value;
    if (value === undefined || value === null) continue;
    settleComments(value);
    const moved = value.type === 'block-map' || value.type === 'block-seq' ? takeOuterComments(value) : [];
    if (moved.length === 0) continue;
    const next = items[i + 1];
    if (next !== undefined) next.start.unshift(...moved);
    else if (moved.some(({ type }) => type === 'comment')) items.push({ start: moved });
  }
}

/** Removes and returns what starts with the first comment left of the collection, or with the blank lines at its end. */
function takeOuterComments(collection: Collection): CST.SourceToken[] {
  const items: Item[] = collection.items;
  const last = items.at(-1);
  if (last === undefined || last.key !== undefined || last.sep !== undefined || last.value !== undefined) return [];
  const { start } = last;
  if (!start.every(({ type }) => isBlank(type) || type === 'comment')) return [];
  const outer = start.findIndex(({ type, indent }) => type === 'comment' && indent < collection.indent);
  let cut = outer < 0 ? start.length : outer;
  while (cut > 0 && isBlank(start[cut - 1]?.type)) cut--;
  if (cut > 0) cut++; // the end of the comment's own line
  const moved = start.splice(cut);
  if (cut === 0) items.pop();
  return moved;
}

function isBlank(type: string | undefined): boolean {
  return type === 'space' || type === 'newline';
}
