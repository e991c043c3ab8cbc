import type { Span } from '../../base/diagnostics.ts';
import type { Filter, FilterList } from '../../policy/model.ts';
import type { FilterScope } from './filter-reader.ts';
import { readFilter } from './filter-reader.ts';
import { itemsOf } from './map-reader.ts';
import type { SourceNode } from './source-tree.ts';

/** Reads the filters of a list, named or of one rule. Filters with errors are reported and left out; no name is ''. */
export function readFilterList(name: string, span: Span, node: SourceNode, scope: FilterScope): FilterList {
  const filters: Filter[] = [];
  for (const item of itemsOf(node)) {
    scope.onFilter?.(item.span.line);
    const filter = readFilter(item, scope);
    if (filter !== undefined) filters.push(filter);
  }
  if (node.kind === 'list' && node.items.length === 0) {
    scope.diags.report(
      'XP0303',
      span,
      `${name === '' ? 'the filter list' : `filter list ${name}`} is empty: it matches nothing`,
    );
  }
  return { name, filters, span };
}
