/** What the store says no to. */
export const STORE_ERRORS = {
  XDPOL_E_LOCKED: {
    exit: 1,
    title: 'Another command is changing the policy',
    explanation: 'One change at a time: the message names the process that holds the lock.',
  },
  XDPOL_E_STORE: {
    exit: 1,
    title: 'The store cannot be used',
    explanation: 'The disk is full, read-only or not permitted; the message has the reason of the system.',
  },
  XDPOL_E_STORE_FORMAT: {
    exit: 1,
    title: 'The store has another format',
    explanation: 'A newer xdpol wrote it. It is not touched.',
  },
  XDPOL_E_DAMAGED: {
    exit: 1,
    title: 'Something stored is damaged',
    explanation:
      'A damaged version of a policy is renamed, to the name in the message, and never used again. A damaged assignment stays until another takes its place.',
  },
  XDPOL_E_NOT_STORED: {
    exit: 1,
    title: 'The policy or version is not stored',
    explanation: 'The help lists the policies or versions that are stored.',
  },
  XDPOL_E_NO_RULE: {
    exit: 1,
    title: 'The stored policy has no such rule',
    explanation: 'A rule is named as the policy names it: xdpol show NAME.',
  },
  XDPOL_E_NOT_EDITABLE: {
    exit: 1,
    title: 'The text of the policy cannot be added to',
    explanation: 'A rule cannot be added to YAML of this form without rewriting it: change the file by hand.',
  },
  XDPOL_E_ASSIGNED: {
    exit: 1,
    title: 'The policy is assigned',
    explanation: 'A policy that is assigned cannot be deleted: unassign it, or assign another one first.',
  },
  XDPOL_E_NOT_ASSIGNED: {
    exit: 1,
    title: 'A policy is in force that is not assigned',
    explanation: 'What is in force was put there by a command that did not end. Assign it, or end filtering.',
  },
  XDPOL_E_SET: {
    exit: 1,
    title: 'Live set or member that is none',
    explanation:
      'The name is not that of a live set of a policy in force, or what should be a member, an address or a note cannot be one.',
  },
  XDPOL_E_ASSIGNMENT: {
    exit: 1,
    title: 'The policy is in force, but not assigned',
    explanation:
      'The swap succeeded and the assignment could not be written, so the next boot would bring back what was assigned before.',
  },
} as const;
