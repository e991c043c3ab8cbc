/** How hard to measure. */
export interface Effort {
  readonly rounds: number;
  /** Packets in one round of one program in test runs. */
  readonly repeat: number;
  /** Packets of each traffic whose verdicts are checked. */
  readonly sample: number;
  /** The first is the one that single-CPU cases run on. */
  readonly cpus: readonly number[];
  /** Milliseconds that one round of live frames aims for. */
  readonly liveMs: number;
  /** Cold compilations of a policy, each in a process of its own. */
  readonly compiles: number;
  readonly replayPackets: number;
}

export function effortOf(quick: boolean, cpus: readonly number[]): Effort {
  if (quick) {
    return { rounds: 5, repeat: 500_000, sample: 32, cpus, liveMs: 100, compiles: 1, replayPackets: 200_000 };
  }
  return { rounds: 7, repeat: 1_000_000, sample: 128, cpus, liveMs: 120, compiles: 3, replayPackets: 1_000_000 };
}
