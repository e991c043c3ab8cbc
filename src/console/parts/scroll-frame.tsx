/** Around what may be too wide for the screen: it is scrolled, also by the keyboard. */
import type { ComponentChildren, VNode } from 'preact';

export interface ScrollFrameProps {
  readonly label: string;
  readonly children: ComponentChildren;
}

export function ScrollFrame({ label, children }: ScrollFrameProps): VNode | null {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: without it the keyboard cannot scroll
    <section class="scroll" aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}
