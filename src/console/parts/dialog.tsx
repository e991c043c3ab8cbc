/** A question in front of the screen. Escape and Cancel close it. */
import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
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
  useEffect(() => element.current?.showModal(), []);
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
