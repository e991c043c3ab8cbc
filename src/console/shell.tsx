/** What is around every screen: the name of the host, the menu, and what went wrong with reading the host. */
import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { ConsoleSession } from '../api/console-session.ts';
import type { FleetStanding } from '../api/fleet-standing.ts';
import { useFleet } from './fleet-standing.ts';
import type { Snapshot } from './host-feed.ts';
import { HostFeed } from './host-feed.ts';
import { ErrorBox } from './parts/error-box.tsx';
import { PendingBar } from './parts/pending-bar.tsx';
import { formatAge } from './readable-values.ts';
import { Changes } from './screens/changes.tsx';
import { Chart } from './screens/chart.tsx';
import { Doctor } from './screens/doctor.tsx';
import { Drops } from './screens/drops.tsx';
import { Edit } from './screens/edit.tsx';
import { Explain } from './screens/explain.tsx';
import { Fleet } from './screens/fleet.tsx';
import { Overview } from './screens/overview.tsx';
import { Policies } from './screens/policies.tsx';
import { PolicyScreen } from './screens/policy.tsx';
import { Report } from './screens/report.tsx';
import { Sets } from './screens/sets.tsx';
import type { Place } from './shown-screen.ts';
import { addressOf, placeOf } from './shown-screen.ts';

/** What every screen is given. */
export interface ScreenProps {
  readonly snapshot: Snapshot;
  /** null where this host takes no orders. */
  readonly fleet: FleetStanding | null | undefined;
  readonly mayChange: boolean;
  /** May keep a change or take it back, and see packets. */
  readonly mayDecide: boolean;
  /** Reads the host now: something was changed. */
  readonly onChanged: () => void;
}

const MENU = [
  { screen: 'overview', label: 'Overview' },
  { screen: 'policies', label: 'Policies' },
  { screen: 'sets', label: 'Sets' },
  { screen: 'chart', label: 'Chart' },
  { screen: 'explain', label: 'Explain' },
  { screen: 'drops', label: 'Drops' },
  { screen: 'report', label: 'Report' },
  { screen: 'fleet', label: 'Fleet' },
  { screen: 'doctor', label: 'Doctor' },
  { screen: 'changes', label: 'Changes' },
] as const;

function usePlace(): Place {
  const [place, setPlace] = useState(() => placeOf(location.hash));
  useEffect(() => {
    const follow = (): void => {
      setPlace(placeOf(location.hash));
      document.querySelector('main')?.focus();
    };
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return place;
}

function useFeed(onSignedOut: () => void): { readonly snapshot: Snapshot; readonly refresh: () => void } {
  const [, setVersion] = useState(0);
  const feed = useMemo(() => new HostFeed(() => setVersion((version) => version + 1), onSignedOut), []);
  useEffect(() => {
    const follow = (): void => feed.follow();
    follow();
    document.addEventListener('visibilitychange', follow);
    return () => {
      document.removeEventListener('visibilitychange', follow);
      feed.stop();
    };
  }, [feed]);
  return { snapshot: feed.snapshot, refresh: () => void feed.refresh() };
}

function Menu({ place, hasFleet }: { readonly place: Place; readonly hasFleet: boolean }): VNode | null {
  const isCurrent = (screen: string): boolean => place.screen === screen || ('name' in place && screen === 'policies');
  const menu = useRef<HTMLElement>(null);
  // On a narrow screen the menu is a row that is wider than the window.
  useEffect(() => {
    const { current } = menu;
    const chosen = current?.querySelector<HTMLElement>('[aria-current]');
    if (!current || !chosen) return;
    current.scrollLeft = chosen.offsetLeft - current.offsetLeft - (current.clientWidth - chosen.offsetWidth) / 2;
  }, [place.screen]);
  return (
    <nav aria-label="Screens" ref={menu}>
      {MENU.filter(({ screen }) => screen !== 'fleet' || hasFleet).map(({ screen, label }) => (
        <a key={screen} href={`#/${screen}`} aria-current={isCurrent(screen) ? 'page' : undefined}>
          {label}
        </a>
      ))}
    </nav>
  );
}

function screenOf(place: Place, props: ScreenProps): ComponentChildren {
  switch (place.screen) {
    case 'overview':
      return <Overview {...props} />;
    case 'policies':
      return <Policies {...props} />;
    case 'policy':
      return <PolicyScreen key={addressOf(place)} name={place.name} {...props} />;
    case 'edit':
      return <Edit key={addressOf(place)} name={place.name} {...props} />;
    case 'sets':
      return <Sets {...props} />;
    case 'chart':
      return <Chart {...props} />;
    case 'explain':
      return <Explain key={addressOf(place)} packet={place.packet} {...props} />;
    case 'drops':
      return <Drops {...props} />;
    case 'report':
      return <Report />;
    case 'fleet':
      return <Fleet {...props} />;
    case 'doctor':
      return <Doctor {...props} />;
    case 'changes':
      return <Changes {...props} />;
  }
}

export interface ShellProps {
  readonly session: ConsoleSession;
  readonly onSignOut: () => void;
  readonly onSignedOut: () => void;
}

export function Shell({ session, onSignOut, onSignedOut }: ShellProps): VNode | null {
  const place = usePlace();
  const { snapshot, refresh } = useFeed(onSignedOut);
  const fleet = useFleet();
  const mayChange = session.role === 'administrator';
  const mayDecide = session.role !== 'viewer';
  const { isStale, error, at } = snapshot;
  return (
    <div class="shell">
      <header>
        <a class="brand" href="#/overview">
          xdpol
        </a>
        <span class="host" title={session.hostName}>
          {session.hostName}
        </span>
        <span class="who">
          {session.who}, {session.role}
        </span>
        <button type="button" class="quiet" onClick={onSignOut}>
          Sign out
        </button>
      </header>
      <Menu place={place} hasFleet={fleet != null} />
      <main tabIndex={-1} class={isStale ? 'stale' : ''}>
        {isStale && (
          <p class="notice bad" role="alert">
            The agent does not answer.{' '}
            {at > 0 && `What is shown is from ${formatAge(new Date(at).toISOString(), Date.now())}.`} Filtering goes on;
            the console connects again by itself. On the host: <code>systemctl status xdpol-agent</code>
          </p>
        )}
        {!isStale && error !== undefined && <ErrorBox error={error} />}
        <PendingBar snapshot={snapshot} mayDecide={mayDecide} onChanged={refresh} />
        {screenOf(place, { snapshot, fleet, mayChange, mayDecide, onChanged: refresh })}
      </main>
    </div>
  );
}
