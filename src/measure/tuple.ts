/** What a policy is measured with: five-tuples, all with the same packet around them. */
import type { Address } from '../base/ip.ts';
import type { Random } from '../base/random.ts';

export interface Tuple {
  readonly source: Address;
  readonly destination: Address;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly protocol: number;
}

export interface Traffic {
  readonly name: string;
  /** The next tuple; every traffic of the same policy draws the same ones in every run. */
  readonly tuple: (random: Random) => Tuple;
}
