/** The web console: signs in, then shows the host. */
import type { VNode } from 'preact';
import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { ConsoleSession } from '../api/console-session.ts';
import { signIn, signOut } from './api.ts';
import { ErrorBox } from './parts/error-box.tsx';
import { Shell } from './shell.tsx';

type State =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'signed-in'; readonly session: ConsoleSession }
  | { readonly kind: 'signed-out'; readonly error: Error | undefined };

/** Of the address, once: what is left of it in the history opens nothing. */
function takeToken(): string | null {
  const token = /^#token=(?<token>[\w-]+)$/u.exec(location.hash)?.groups?.['token'] ?? null;
  if (token !== null) history.replaceState(null, '', location.pathname);
  return token;
}

function SignedOut({ error }: { readonly error: Error | undefined }): VNode | null {
  return (
    <main class="sign-in">
      <h1>xdpol</h1>
      {error === undefined ? <p>You are signed out.</p> : <ErrorBox error={error} />}
      <p>On the host, this prints a new address of the console:</p>
      <pre>xdpol console</pre>
    </main>
  );
}

function App(): VNode | null {
  const [state, setState] = useState<State>({ kind: 'waiting' });
  const leave = (error?: Error): void => setState({ kind: 'signed-out', error });
  useEffect(() => {
    signIn(takeToken()).then((session) => setState({ kind: 'signed-in', session }), leave);
  }, []);
  if (state.kind === 'waiting') return <main class="sign-in">Signing in…</main>;
  if (state.kind === 'signed-out') return <SignedOut error={state.error} />;
  const onSignOut = (): void => void signOut().then(() => leave(), leave);
  return <Shell session={state.session} onSignOut={onSignOut} onSignedOut={() => leave()} />;
}

const root = document.getElementById('app');
if (root !== null) render(<App />, root);
