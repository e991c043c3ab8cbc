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
      'A damaged version of a policy is set aside under another name, which the message has, and never looked at again. A damaged assignment stays until another takes its place.',
  },
  XDPOL_E_NOT_STORED: {
    exit: 1,
    title: 'The policy or version is not stored',
    explanation: 'The help lists the policies, or the versions, that are.',
  },
  XDPOL_E_NO_RULE: {
    exit: 1,
    title: 'The stored policy has no such rule',
    explanation: 'A rule is named as the policy names it: xdpol show NAME.',
  },
  XDPOL_E_NOT_EDITABLE: {
    exit: 1,
    title: 'The text of the policy cannot be added to',
    explanation: 'Its YAML has a form that a rule cannot be added to without rewriting it: change the file by hand.',
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
  XDPOL_E_ASSIGNMENT: {
    exit: 1,
    title: 'In force, but not assigned',
    explanation:
      'The swap succeeded and the assignment could not be written, so the next boot would bring back what was assigned before.',
  },
} as const;
