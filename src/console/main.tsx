/** The web console: signs in, then shows the host, or the fleet. */
import type { VNode } from 'preact';
import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { ConsoleSession } from '../api/console-session.ts';
import { signIn, signOut } from './api.ts';
import { FleetShell } from './fleet/fleet-shell.tsx';
import { ErrorBox } from './parts/error-box.tsx';
import { Shell } from './shell.tsx';

type State =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'signed-in'; readonly session: ConsoleSession }
  | ({ readonly kind: 'signed-out' } & SignedOutProps);

/** Of the address, once: what is left of it in the history opens nothing. */
function takeToken(): string | null {
  const token = /^#token=(?<token>[\w-]+)$/u.exec(location.hash)?.groups?.['token'] ?? null;
  if (token !== null) history.replaceState(null, '', location.pathname);
  return token;
}

interface SignedOutProps {
  readonly error: Error | undefined;
  /** That was left; undefined: whose page this is, the error says. */
  readonly subject: ConsoleSession['subject'] | undefined;
}

function SignedOut({ error, subject }: SignedOutProps): VNode | null {
  return (
    <main class="sign-in">
      <h1>xdpol</h1>
      {error === undefined ? <p>You are signed out.</p> : <ErrorBox error={error} />}
      {subject !== undefined && (
        <>
          <p>On the host, this prints a new address of the console:</p>
          <pre>{subject === 'fleet' ? 'xdpol fleet console' : 'xdpol console'}</pre>
        </>
      )}
    </main>
  );
}

function App(): VNode | null {
  const [state, setState] = useState<State>({ kind: 'waiting' });
  const leave = (error?: Error): void =>
    setState((old) => {
      const subject = old.kind === 'signed-in' ? old.session.subject : undefined;
      return { kind: 'signed-out', error, subject };
    });
  useEffect(() => {
    signIn(takeToken()).then((session) => setState({ kind: 'signed-in', session }), leave);
  }, []);
  if (state.kind === 'waiting') return <main class="sign-in">Signing in…</main>;
  if (state.kind === 'signed-out') return <SignedOut error={state.error} subject={state.subject} />;
  const onSignOut = (): void => void signOut().then(() => leave(), leave);
  const props = { session: state.session, onSignOut, onSignedOut: () => leave() };
  return state.session.subject === 'fleet' ? <FleetShell {...props} /> : <Shell {...props} />;
}

const root = document.getElementById('app');
if (root !== null) render(<App />, root);
