/** A question in front of the screen. Escape and Cancel close it, and the focus goes back to where it was. */
import type { ComponentChildren, VNode } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Action } from './action.ts';
import { ErrorBox } from './error-box.tsx';

export interface DialogProps {
  readonly title: string;
  /** On the button that does it. */
  readonly verb: string;
  readonly isDangerous?: boolean;
  readonly isReady?: boolean;
  readonly isWide?: boolean;
  /** Buttons before those that every dialog has. */
  readonly before?: ComponentChildren;
  readonly action: Action;
  readonly onDo: () => void;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** Or to the screen, where that is not there any more. */
function giveFocus(to: Element | null): void {
  const target = to instanceof HTMLElement && to.isConnected ? to : document.querySelector('main');
  target?.focus();
}

export function Dialog({
  title,
  verb,
  isDangerous,
  isReady = true,
  isWide = false,
  before,
  action,
  onDo,
  onClose,
  children,
}: DialogProps): VNode | null {
  const element = useRef<HTMLDialogElement>(null);
  // At once, so that no key goes to what is behind it.
  useLayoutEffect(() => {
    const before = document.activeElement;
    element.current?.showModal();
    // What is behind a dialog takes no focus before the dialog is gone, which it is when this screen has been drawn.
    return () => queueMicrotask(() => giveFocus(before));
  }, []);
  const submit = (event: Event): void => {
    event.preventDefault();
    if (isReady) onDo();
  };
  return (
    <dialog ref={element} class={isWide ? 'wide' : ''} aria-label={title} onClose={onClose}>
      <form onSubmit={submit}>
        <h2>{title}</h2>
        {children}
        {action.error !== undefined && <ErrorBox error={action.error} />}
        <div class="buttons end">
          {before}
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            class={isDangerous === true ? 'danger' : 'primary'}
            disabled={!isReady || action.isRunning}
          >
            {action.isRunning ? 'Working…' : verb}
          </button>
        </div>
      </form>
    </dialog>
  );
}
