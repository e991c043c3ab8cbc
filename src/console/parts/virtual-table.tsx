/** A table of any length: only the rows that are seen are in the page. */
import type { ComponentChildren, VNode } from 'preact';
import { options } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { present } from '../../base/assert.ts';
import { formatCount } from '../readable-values.ts';

export interface VirtualTableProps<T> {
  readonly label: string;
  readonly head: readonly ComponentChildren[];
  readonly rows: readonly T[];
  /** One for each heading, a line high. */
  readonly cells: (row: T) => readonly ComponentChildren[];
  readonly keyOf: (row: T, index: number) => string;
  /** The text that a search looks through; without it there is no search. */
  readonly searchIn?: (row: T) => string;
  /** Columns, from 0, that hold numbers. */
  readonly numbers?: readonly number[];
  /** A class that the style sheet knows, of a table that is laid out in its own way. */
  readonly layout?: string;
}

/** Rows beside those that are seen. */
const MARGIN = 10;
/** Fewer rows are not worth a search. */
export const SEARCH_FROM = 12;

interface Window {
  readonly first: number;
  readonly count: number;
}

/** The browser prints what is in the page when it has told that it prints. */
function renderNow(change: () => void): void {
  const { debounceRendering } = options;
  options.debounceRendering = (render) => render();
  change();
  if (debounceRendering === undefined) delete options.debounceRendering;
  else options.debounceRendering = debounceRendering;
}

/** In pixels: the style sheet has it, by the width of the table. */
function rowHeightOf(frame: HTMLElement): number {
  return Number.parseFloat(getComputedStyle(present(frame.firstElementChild)).getPropertyValue('--row-height'));
}

function useWindow(rows: number): {
  readonly frame: (element: HTMLElement | null) => void;
  readonly seen: Window;
} {
  const element = useRef<HTMLElement | null>(null);
  const [seen, setSeen] = useState<Window>({ first: 0, count: 60 });
  const measure = (): void => {
    const { current } = element;
    if (current === null) return;
    const height = rowHeightOf(current);
    const first = Math.max(0, Math.floor(current.scrollTop / height) - MARGIN);
    const count = Math.ceil(current.clientHeight / height) + 2 * MARGIN;
    setSeen((old) => (old.first === first && old.count === count ? old : { first, count }));
  };
  useEffect(() => {
    const { current } = element;
    if (current === null) return undefined;
    measure();
    // On paper nothing scrolls: every row is there, however high the frame is with rows of paper.
    let isPrinting = false;
    const showAll = (): void => {
      isPrinting = true;
      renderNow(() => setSeen({ first: 0, count: Number.MAX_SAFE_INTEGER }));
    };
    const showSeen = (): void => {
      isPrinting = false;
      measure();
    };
    addEventListener('beforeprint', showAll);
    addEventListener('afterprint', showSeen);
    const observer = new ResizeObserver(() => {
      if (!isPrinting) measure();
    });
    observer.observe(current);
    current.addEventListener('scroll', measure, { passive: true });
    return () => {
      observer.disconnect();
      removeEventListener('beforeprint', showAll);
      removeEventListener('afterprint', showSeen);
      current.removeEventListener('scroll', measure);
    };
  }, [rows === 0]);
  const frame = (found: HTMLElement | null): void => {
    element.current = found;
  };
  return { frame, seen };
}

export function VirtualTable<T>({
  label,
  head,
  rows,
  cells,
  keyOf,
  searchIn,
  numbers = [],
  layout = '',
}: VirtualTableProps<T>): VNode | null {
  const [search, setSearch] = useState('');
  const words = search.toLowerCase().split(/\s+/u).filter(Boolean);
  const found = useMemo(() => {
    if (words.length === 0 || searchIn === undefined) return rows;
    return rows.filter((row) => {
      const text = searchIn(row).toLowerCase();
      return words.every((word) => text.includes(word));
    });
  }, [rows, search]);
  const { frame, seen } = useWindow(found.length);
  const first = Math.min(seen.first, Math.max(0, found.length - seen.count));
  const shown = found.slice(first, first + seen.count);
  const below = Math.max(0, found.length - first - shown.length);
  const alignment = (column: number): string => (numbers.includes(column) ? 'number' : '');
  return (
    <>
      {searchIn !== undefined && rows.length >= SEARCH_FROM && (
        <div class="search">
          <input
            type="search"
            aria-label={`Search ${label}`}
            placeholder="Search"
            value={search}
            onInput={(event) => setSearch(event.currentTarget.value)}
          />
          <span class="help" role="status">
            {formatCount(found.length)} of {formatCount(rows.length)}
          </span>
        </div>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: without it the keyboard cannot scroll */}
      <section class={`scroll virtual ${layout}`} aria-label={label} tabIndex={0} ref={frame}>
        <table aria-rowcount={found.length + 1}>
          <thead>
            <tr>
              {head.map((name, column) => (
                <th key={column} class={alignment(column)}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            <Space rows={first} />
            {shown.map((row, i) => (
              <tr key={keyOf(row, first + i)} aria-rowindex={first + i + 2}>
                {cells(row).map((cell, column) => (
                  <td key={column} class={alignment(column)}>
                    {cell}
                  </td>
                ))}
              </tr>
            ))}
            <Space rows={below} />
          </tbody>
        </table>
      </section>
    </>
  );
}

/** In place of rows that are not seen. */
function Space({ rows }: { readonly rows: number }): VNode | null {
  if (rows === 0) return null;
  return (
    <tr class="space">
      <td style={{ height: `calc(${rows} * var(--row-height))` }} />
    </tr>
  );
}
