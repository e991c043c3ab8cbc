/** The screens of a host, and what went wrong with reading it. */
import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { ConsoleSession } from '../api/console-session.ts';
import type { FleetStanding } from '../api/fleet-standing.ts';
import { useFeed } from './feed.ts';
import { useFleet } from './fleet-standing.ts';
import { Frame } from './frame.tsx';
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

function useHost(onSignedOut: () => void): { readonly snapshot: Snapshot; readonly refresh: () => void } {
  const feed = useFeed((onChange) => new HostFeed(onChange, onSignedOut));
  return { snapshot: feed.snapshot, refresh: () => void feed.refresh() };
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

function isCurrent(place: Place, screen: string): boolean {
  return place.screen === screen || ('name' in place && screen === 'policies');
}

export interface ShellProps {
  readonly session: ConsoleSession;
  readonly onSignOut: () => void;
  readonly onSignedOut: () => void;
}

export function Shell({ session, onSignOut, onSignedOut }: ShellProps): VNode | null {
  const place = usePlace();
  const { snapshot, refresh } = useHost(onSignedOut);
  const fleet = useFleet();
  const mayChange = session.role === 'administrator';
  const mayDecide = session.role !== 'viewer';
  const { isStale, error, at } = snapshot;
  const menu = MENU.filter(({ screen }) => screen !== 'fleet' || fleet != null);
  return (
    <Frame
      session={session}
      home="#/overview"
      menu={menu.map(({ screen, label }) => ({ label, href: `#/${screen}`, isCurrent: isCurrent(place, screen) }))}
      isStale={isStale}
      onSignOut={onSignOut}
    >
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
    </Frame>
  );
}
