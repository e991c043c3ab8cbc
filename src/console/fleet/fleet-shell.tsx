/** The console of a fleet: one screen, and what went wrong with reading the fleet. */
import type { VNode } from 'preact';
import { useFeed } from '../feed.ts';
import { Frame } from '../frame.tsx';
import { ErrorBox } from '../parts/error-box.tsx';
import { formatAge } from '../readable-values.ts';
import type { ShellProps } from '../shell.tsx';
import { FleetFeed } from './fleet-feed.ts';
import { FleetScreen } from './fleet-screen.tsx';

const HOME = '#/fleet';

export function FleetShell({ session, onSignOut, onSignedOut }: ShellProps): VNode {
  const feed = useFeed((onChange) => new FleetFeed(onChange, onSignedOut));
  const { summary, at, error, isStale, version } = feed.snapshot;
  return (
    <Frame
      session={session}
      home={HOME}
      menu={[{ label: 'Fleet', href: HOME, isCurrent: true }]}
      isStale={isStale}
      onSignOut={onSignOut}
    >
      {isStale && (
        <p class="notice bad" role="alert">
          The server of this page does not answer.{' '}
          {at > 0 && `What is shown is from ${formatAge(new Date(at).toISOString(), Date.now())}.`} Hosts keep what they
          have in force. Start it again: <code>xdpol fleet console</code>
        </p>
      )}
      {!isStale && error !== undefined && <ErrorBox error={error} />}
      <h1>Fleet</h1>
      {summary === undefined && error === undefined && <p class="loading">Reading the fleet…</p>}
      {summary !== undefined && (
        <FleetScreen
          summary={summary}
          version={version}
          mayChange={session.role === 'administrator'}
          onChanged={() => void feed.refresh()}
        />
      )}
    </Frame>
  );
}
