/** What is around every screen: the name of the host, who is signed in, and the menu where there are several screens. */
import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { ConsoleSession } from '../api/console-session.ts';

export interface MenuEntry {
  readonly label: string;
  readonly href: string;
  readonly isCurrent: boolean;
}

function Menu({ entries }: { readonly entries: readonly MenuEntry[] }): VNode | null {
  const menu = useRef<HTMLElement>(null);
  const chosen = entries.find(({ isCurrent }) => isCurrent)?.href;
  // On a narrow screen the menu is a row that is wider than the window.
  useEffect(() => {
    const { current } = menu;
    const link = current?.querySelector<HTMLElement>('[aria-current]');
    if (!current || !link) return;
    current.scrollLeft = link.offsetLeft - current.offsetLeft - (current.clientWidth - link.offsetWidth) / 2;
  }, [chosen]);
  return (
    <nav aria-label="Screens" ref={menu}>
      {entries.map(({ label, href, isCurrent }) => (
        <a key={href} href={href} aria-current={isCurrent ? 'page' : undefined}>
          {label}
        </a>
      ))}
    </nav>
  );
}

export interface FrameProps {
  readonly session: ConsoleSession;
  /** Of the first screen. */
  readonly home: string;
  /** The screens that there are. */
  readonly menu: readonly MenuEntry[];
  /** What is shown is old. */
  readonly isStale: boolean;
  readonly onSignOut: () => void;
  readonly children: ComponentChildren;
}

export function Frame({ session, home, menu, isStale, onSignOut, children }: FrameProps): VNode {
  const { hostName, who, role } = session;
  return (
    <div class={menu.length > 1 ? 'shell' : 'shell alone'}>
      <header>
        <a class="brand" href={home}>
          xdpol
        </a>
        <span class="host" title={hostName}>
          {hostName}
        </span>
        <span class="who">
          {who}, {role}
        </span>
        <button type="button" class="quiet" onClick={onSignOut}>
          Sign out
        </button>
      </header>
      {menu.length > 1 && <Menu entries={menu} />}
      <main tabIndex={-1} class={isStale ? 'stale' : ''}>
        {children}
      </main>
    </div>
  );
}
