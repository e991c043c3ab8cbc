/** How long a policy is measured, and how many packets of each kind are looked for. */
import type { FillLimits } from './fill-ring.ts';
import { RING_SIZE } from './generator.ts';

export interface Effort {
  readonly rounds: number;
  /** Packets in one round of one program. */
  readonly repeat: number;
  readonly fill: FillLimits;
  /** Packets of each row that the reference classifier decides too, at most. */
  readonly sample: number;
  /** Rules, by family, that are all measured. Where there are more, they are screened and few of them are measured. */
  readonly rules: number;
  readonly screening: Screening;
  readonly live: { readonly rounds: number; readonly frames: number };
}

export interface Screening {
  /** Rules, by family, that are screened: fewer than GROUPS of bpf/measure.bpf.c. Of more than that as many are drawn. */
  readonly rules: number;
  readonly rounds: number;
  /** All rules together; each gets its share, and a few at least. */
  readonly packets: number;
}

/** About two seconds a row, and five for screening. */
export const EFFORT: Effort = {
  rounds: 7,
  repeat: RING_SIZE,
  fill: { packets: RING_SIZE, traced: 1 << 17, search: 1 << 16, block: 4096 },
  sample: 64,
  rules: 8,
  screening: { rules: 1000, rounds: 5, packets: 1 << 19 },
  live: { rounds: 7, frames: 1 << 18 },
};
