/** How many hosts the fleets have, by the names that the command line takes. */
export const FLEETS: Readonly<Record<string, number>> = {
  'fleet-500': 500,
  'fleet-2k': 2000,
  'fleet-5k': 5000,
  'fleet-10k': 10_000,
};
