/** What the rules that are shown have counted, and count now. */
import { useEffect, useState } from 'preact/hooks';
import type { RuleTallies } from '../../host/counters.ts';
import { question } from '../api.ts';

/** Milliseconds between readings, and how many times as long as one of them took. */
const INTERVAL = 1000;
const PAUSE_FACTOR = 10;

export interface Tally {
  readonly packets: number;
  /** Packets a second. */
  readonly rate: number;
  readonly lastMatch: string | null;
}

interface Tallied {
  /** Milliseconds of a clock that never goes back. */
  readonly at: number;
  readonly tallies: ReadonlyMap<string, Tally>;
}

function tally(rules: RuleTallies['rules'], before: Tallied | undefined, at: number): Tallied {
  const rateOf = (rule: string, packets: number): number => {
    const last = before?.tallies.get(rule);
    return before === undefined || last === undefined
      ? 0
      : Math.max(0, packets - last.packets) / ((at - before.at) / 1000);
  };
  return {
    at,
    tallies: new Map(
      rules.map(({ rule, packets, lastMatch }) => [rule, { packets, rate: rateOf(rule, packets), lastMatch }]),
    ),
  };
}

/** By rule, read again and again while the page is seen. What the host does not answer leaves what was read last. */
export function useTallies(names: readonly string[]): ReadonlyMap<string, Tally> {
  const [shown, setShown] = useState<Tallied | undefined>(undefined);
  const key = JSON.stringify(names);
  useEffect(() => {
    if (names.length === 0) return undefined;
    const controller = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async (): Promise<void> => {
      const started = performance.now();
      if (!document.hidden) {
        const found = await question<RuleTallies>('/v1/counters', { rules: names }, controller.signal).catch(
          () => undefined,
        );
        if (found !== undefined) setShown((before) => tally(found.rules, before, performance.now()));
      }
      const pause = Math.max(INTERVAL, PAUSE_FACTOR * (performance.now() - started));
      if (!controller.signal.aborted) timer = setTimeout(() => void look(), pause);
    };
    void look();
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [key]);
  return shown?.tallies ?? new Map();
}
