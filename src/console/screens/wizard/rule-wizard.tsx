/** Asks for a rule a page at a time, shows what it does, and adds it to the text. */
import type { ComponentChildren, VNode } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { WireText } from '../../../api/wire.ts';
import type { EditOutcome } from '../../../host/edit-policy.ts';
import { question } from '../../api.ts';
import { useAction } from '../../parts/action.ts';
import { interfaceNames } from '../../parts/assign-dialog.tsx';
import { useAnswer } from '../../parts/debounced.ts';
import { Dialog } from '../../parts/dialog.tsx';
import { AddressPage, MirrorPage, ProtocolPage, RulePage } from './pages.tsx';
import { Review } from './review.tsx';
import type { TypedFilter, TypedRule } from './rule.ts';
import { filterOf, NEW_FILTER, NEW_RULE } from './rule.ts';

const PAGES = ['Rule', 'Source', 'Destination', 'Protocol', 'Way back', 'Review'] as const;
const LAST = PAGES.length - 1;

export interface RuleWizardProps {
  /** The policy that the rule is to be added to. */
  readonly input: WireText;
  readonly onAdd: (text: string) => void;
  readonly onClose: () => void;
}

/** What is missing on a page; undefined where the next one may come. */
function missingOn(page: number, rule: TypedRule, filter: TypedFilter): string | undefined {
  const isEmpty = (address: TypedFilter['source']): boolean =>
    !['any', 'me', 'local'].includes(address.kind) && address.text.trim() === '';
  if (page === 0 && rule.name.trim() === '') return 'a name';
  if (page === 1 && isEmpty(filter.source)) return 'an address';
  if (page === 2 && isEmpty(filter.destination)) return 'an address';
  if (page === 3 && filter.protocol === 'number' && !/^\d{1,3}$/u.test(filter.protocolNumber)) return 'a number';
  return undefined;
}

export function RuleWizard({ input, onAdd, onClose }: RuleWizardProps): VNode | null {
  const [page, setPage] = useState(0);
  const [rule, setRule] = useState<TypedRule>(NEW_RULE);
  const [kept, setKept] = useState<readonly TypedFilter[]>([]);
  const [filter, setFilter] = useState<TypedFilter>(NEW_FILTER);
  const action = useAction();
  const filters = [...kept, filter];
  const interfaces = interfaceNames(rule.interfaces);
  const asked = {
    input,
    rule: {
      name: rule.name.trim(),
      action: rule.action,
      filters: filters.map(filterOf),
      ...(interfaces.length === 0 ? {} : { interfaces }),
    },
  };
  const key = page === LAST ? JSON.stringify(asked) : undefined;
  const edited = useAnswer(key, (signal) => question<EditOutcome>('/v1/edit', asked, signal));
  const add = (): void => {
    if (page < LAST) {
      if (missingOn(page, rule, filter) === undefined) setPage(page + 1);
      return;
    }
    if (edited.value === undefined || edited.isOld) return;
    onAdd(edited.value.text);
    onClose();
  };
  const place = useRef<HTMLDivElement>(null);
  // What had the focus may have gone with the page before. At once, so that no key goes elsewhere.
  useLayoutEffect(() => {
    place.current?.querySelector<HTMLElement>('input:checked, input:not([type=radio]), select')?.focus();
  }, [page]);
  const another = (): void => {
    setKept(filters);
    setFilter(NEW_FILTER);
    setPage(1);
  };
  const isReady = page < LAST ? missingOn(page, rule, filter) === undefined : isAddable(edited);
  return (
    <Dialog
      title={`Add rule: ${PAGES[page] ?? ''}`}
      verb={page < LAST ? 'Next' : 'Add to the text'}
      isReady={isReady}
      isWide
      action={action}
      onDo={add}
      onClose={onClose}
      before={
        <>
          {page > 0 && (
            <button type="button" onClick={() => setPage(page - 1)}>
              Back
            </button>
          )}
          {page === LAST && (
            <button type="button" onClick={another}>
              Another filter
            </button>
          )}
        </>
      }
    >
      <Steps page={page} />
      <div ref={place}>{pageOf(page, { rule, filter, filters, edited, input, setRule, setFilter })}</div>
    </Dialog>
  );
}

type Edited = ReturnType<typeof useAnswer<EditOutcome>>;

function isAddable({ value, error, isOld }: Edited): boolean {
  return value !== undefined && error === undefined && !isOld && value.checked.errors === 0;
}

function Steps({ page }: { readonly page: number }): VNode | null {
  return (
    <ol class="steps">
      {PAGES.map((name, i) => (
        <li key={name} aria-current={i === page ? 'step' : undefined}>
          {name}
        </li>
      ))}
    </ol>
  );
}

interface PageState {
  readonly rule: TypedRule;
  readonly filter: TypedFilter;
  readonly filters: readonly TypedFilter[];
  readonly edited: Edited;
  readonly input: WireText;
  readonly setRule: (rule: TypedRule) => void;
  readonly setFilter: (filter: TypedFilter) => void;
}

function pageOf(page: number, state: PageState): ComponentChildren {
  const { rule, filter, filters, edited, input, setRule, setFilter } = state;
  switch (PAGES[page]) {
    case 'Rule':
      return <RulePage rule={rule} onChange={setRule} />;
    case 'Source':
    case 'Destination': {
      const end = PAGES[page] === 'Source' ? 'source' : 'destination';
      return <AddressPage key={end} end={end} filter={filter} onChange={setFilter} />;
    }
    case 'Protocol':
      return <ProtocolPage filter={filter} onChange={setFilter} />;
    case 'Way back':
      return <MirrorPage filter={filter} action={rule.action} onChange={setFilter} />;
    default:
      return <Review rule={rule} filters={filters} edited={edited} before={input.text} />;
  }
}
