/** What stands in the way of a fleet's centre. */
export const FLEET_ERRORS = {
  XDPOL_E_FLEET_STORE: {
    exit: 1,
    title: "The fleet's store cannot be used",
    explanation:
      'Another command uses it, or it is damaged, or it does not answer. Hosts keep what they have in force meanwhile.',
  },
  XDPOL_E_FLEET_CONFLICT: {
    exit: 1,
    title: 'Somebody else changed the fleet at the same time',
    explanation:
      'Every write to the store says which state it was made from. The state has changed since, so nothing was written: run the command again.',
  },
  XDPOL_E_FLEET: {
    exit: 1,
    title: 'The fleet cannot do that',
    explanation:
      'A host, group, policy, token or key that the command needs is not there, or does not fit what is asked for. The message says which.',
  },
} as const;
