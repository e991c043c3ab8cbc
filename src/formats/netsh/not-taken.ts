/** Why a line of a script is no part of the policy. Thrown within the script reader only, which reports it. */
export class NotTaken extends Error {
  constructor(why: string) {
    super(why);
    this.name = 'NotTaken';
  }
}
