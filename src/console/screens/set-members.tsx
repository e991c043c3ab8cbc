/** The members of a live set, a page at a time: the host has a million of them. */
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { ListedMember, SetContents, SetTest } from '../../host/live-sets/read-sets.ts';
import { read } from '../api.ts';
import { useAction } from '../parts/action.ts';
import { useAnswer } from '../parts/debounced.ts';
import { ErrorBox } from '../parts/error-box.tsx';
import { PagedSearch } from '../parts/paged-search.tsx';
import { VirtualTable } from '../parts/virtual-table.tsx';
import { formatTime } from '../readable-values.ts';

/** Members of a page. */
const LIMIT = 1000;

function setPath(name: string): string {
  return `/v1/sets/${encodeURIComponent(name)}`;
}

interface TableProps {
  readonly set: string;
  readonly members: readonly ListedMember[];
  readonly mayDecide: boolean;
  readonly onRemove: (member: ListedMember) => void;
}

function MemberTable({ set, members, mayDecide, onRemove }: TableProps): VNode {
  const removal = (member: ListedMember): VNode => (
    <button type="button" class="quiet" aria-label={`Remove ${member.prefix}`} onClick={() => onRemove(member)}>
      Remove
    </button>
  );
  return (
    <VirtualTable
      label={`Members of ${set}`}
      head={['Member', 'Ends', 'Note', ...(mayDecide ? [''] : [])]}
      rows={members}
      cells={(member) => [
        <code>{member.prefix}</code>,
        member.ends === null ? 'never' : formatTime(member.ends),
        member.note,
        ...(mayDecide ? [removal(member)] : []),
      ]}
      keyOf={({ prefix }) => prefix}
    />
  );
}

interface SetMembersProps {
  readonly set: string;
  /** Another one where the members may be others. */
  readonly version: string;
  readonly mayDecide: boolean;
  readonly onRemove: (member: ListedMember) => void;
}

export function SetMembers({ set, version, mayDecide, onRemove }: SetMembersProps): VNode {
  const [search, setSearch] = useState('');
  const [page, setPage] = useState(1);
  const query = new URLSearchParams({ page: String(page), limit: String(LIMIT), search }).toString();
  const { value, error, isOld } = useAnswer(`${version} ${query}`, (signal) =>
    read<SetContents>(`${setPath(set)}?${query}`, signal),
  );
  const isPast = value !== undefined && !isOld && value.members.length === 0 && page > 1;
  useEffect(() => {
    if (isPast) setPage(1);
  }, [isPast]);
  if (error !== undefined) return <ErrorBox error={error} />;
  if (value === undefined) return <p class="loading">Reading the members…</p>;
  if (value.entries === 0) return <p class="empty">The set has no member.</p>;
  return (
    <>
      <PagedSearch
        label={`members of ${set}`}
        placeholder="Search members and notes"
        search={search}
        onSearch={setSearch}
        found={value.found}
        total={value.entries}
        page={page}
        limit={LIMIT}
        onPage={setPage}
      />
      {value.found === 0 ? (
        <p class="empty">No member has these words.</p>
      ) : (
        <MemberTable set={set} members={value.members} mayDecide={mayDecide} onRemove={onRemove} />
      )}
    </>
  );
}

/** The member that holds an address. */
export function Lookup({ set }: { readonly set: string }): VNode {
  const [address, setAddress] = useState('');
  const [found, setFound] = useState<SetTest | undefined>(undefined);
  const action = useAction();
  const look = (event: Event): void => {
    event.preventDefault();
    action.run(async () => {
      setFound(undefined);
      setFound(await read<SetTest>(`${setPath(set)}/test?${new URLSearchParams({ address })}`));
    });
  };
  return (
    <>
      <form class="row" onSubmit={look}>
        <label class="wide">
          Find an address
          <input
            value={address}
            required
            autocomplete="off"
            spellcheck={false}
            onInput={(event) => setAddress(event.currentTarget.value)}
          />
        </label>
        <button type="submit" disabled={action.isRunning}>
          Find
        </button>
      </form>
      {action.error !== undefined && <ErrorBox error={action.error} />}
      {found !== undefined && (
        <p role="status">
          {found.member === null
            ? `No member holds ${found.address}.`
            : `${found.member.prefix} holds ${found.address}, ${found.member.ends === null ? 'without end' : `until ${formatTime(found.member.ends)}`}. ${found.member.note}`}
        </p>
      )}
    </>
  );
}
