/** A search that the host makes, with how much it found and the pages of it. */
import type { VNode } from 'preact';
import { formatCount } from '../readable-values.ts';

export interface PagedSearchProps {
  /** What is searched. */
  readonly label: string;
  readonly placeholder: string;
  readonly search: string;
  readonly onSearch: (search: string) => void;
  readonly found: number;
  readonly total: number;
  readonly page: number;
  /** Of a page. */
  readonly limit: number;
  readonly onPage: (page: number) => void;
}

export function PagedSearch({ label, placeholder, search, onSearch, ...pages }: PagedSearchProps): VNode {
  return (
    <div class="search">
      <input
        type="search"
        aria-label={`Search ${label}`}
        placeholder={placeholder}
        value={search}
        onInput={(event) => {
          onSearch(event.currentTarget.value);
          pages.onPage(1);
        }}
      />
      <span class="help" role="status">
        {formatCount(pages.found)} of {formatCount(pages.total)}
      </span>
      <Pages {...pages} />
    </div>
  );
}

function Pages({
  page,
  found,
  limit,
  onPage,
}: Pick<PagedSearchProps, 'page' | 'found' | 'limit' | 'onPage'>): VNode | null {
  const pages = Math.ceil(found / limit);
  if (pages <= 1) return null;
  return (
    <div class="buttons pages">
      <button type="button" disabled={page === 1} onClick={() => onPage(page - 1)}>
        Previous
      </button>
      <span class="help">
        page {formatCount(page)} of {formatCount(pages)}
      </span>
      <button type="button" disabled={page >= pages} onClick={() => onPage(page + 1)}>
        Next
      </button>
    </div>
  );
}
