/** Lines that a text gains and loses. */
import type { VNode } from 'preact';
import { differenceOfLines } from '../line-difference.ts';
import { ScrollFrame } from './scroll-frame.tsx';

const CONTEXT = 2;
const SIGNS = { added: '+', removed: '-', same: ' ' } as const;

export interface TextDifferenceProps {
  readonly label: string;
  readonly before: string;
  readonly after: string;
}

export function TextDifference({ label, before, after }: TextDifferenceProps): VNode | null {
  const lines = differenceOfLines(before, after, CONTEXT);
  if (lines.length === 0) return <p class="help">The text is the same.</p>;
  return (
    <ScrollFrame label={label}>
      <pre class="difference">
        {lines.map(({ kind, text }, i) => (
          <span key={i} class={kind}>
            {SIGNS[kind]} {text}
            {'\n'}
          </span>
        ))}
      </pre>
    </ScrollFrame>
  );
}
