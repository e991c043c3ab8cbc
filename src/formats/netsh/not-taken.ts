/** Why a line of a script is no part of the policy. Thrown within the script reader only, which reports it. */
export class NotTaken extends Error {
  /** Does the policy lack something that permits or blocks, now that the line is not taken? */
  readonly leavesOut: boolean;

  constructor(why: string, leavesOut = true) {
    super(why);
    this.name = 'NotTaken';
    this.leavesOut = leavesOut;
  }
}

/** A line that would have changed nothing that permits or blocks: the policy is the same without it. */
export function describeNoEffect(why: string): NotTaken {
  return new NotTaken(why, false);
}
