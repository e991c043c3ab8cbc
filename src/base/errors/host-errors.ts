/** What stands in the way on this host, outside the kernel and the store. */
export const HOST_ERRORS = {
  XDPOL_E_PRIVILEGES: {
    exit: 1,
    title: 'The command needs privileges',
    explanation:
      'The filters are in the kernel, and their pins in a folder that belongs to root. The message names the capabilities that the process lacks; the help says how to give them to it.',
  },
  XDPOL_E_NO_INTERFACE: {
    exit: 1,
    title: 'The interface is not there',
    explanation: 'No interface of this network namespace has the name. The help lists the interfaces.',
  },
  XDPOL_E_NO_ETHERNET: {
    exit: 1,
    title: 'The interface has no Ethernet frames',
    explanation:
      'Filters look for an Ethernet header. On a tunnel or another device without one every packet would be taken for non-IP, so the interface is refused.',
  },
  XDPOL_E_WHICH_INTERFACES: {
    exit: 2,
    title: 'No interface is named',
    explanation: 'Nothing was assigned on this host before, so there are no interfaces to assume: name them with -i.',
  },
  XDPOL_E_LOOPBACK: {
    exit: 1,
    title: 'The policy would cut the host off from itself',
    explanation:
      'Programs of a host talk to each other over lo. A policy that drops such packets is put in force there only with --force.',
  },
  XDPOL_E_NOT_FILTERED: {
    exit: 1,
    title: 'The interface is not filtered',
    explanation:
      'It is neither filtered nor part of the assignment, so it cannot be taken out. The help lists those that are.',
  },
  XDPOL_E_CONFIRM_FIRST: {
    exit: 1,
    title: 'A change waits to be confirmed',
    explanation:
      'If it is not confirmed, all its interfaces go back together, so none of them can be taken out until then.',
  },
  XDPOL_E_OPEN: {
    exit: 1,
    title: 'The host is open',
    explanation:
      'The assigned policy could not be put in force, and boot: of the configuration says open (the default), so nothing is filtered.',
  },
  XDPOL_E_INTERFACE_GROUP: {
    exit: 1,
    title: 'The group of interfaces is empty',
    explanation: 'A rule for -lan or -dialup needs the configuration to say which interfaces these are.',
  },
  XDPOL_E_CONFIG: {
    exit: 1,
    title: 'The configuration cannot be read',
    explanation: 'The file is there and is not what it should be; the message names the file and the place.',
  },
  XDPOL_E_FILE: {
    exit: 1,
    title: 'A file cannot be read or written',
    explanation: 'The message has the path and the reason that the system gave.',
  },
  XDPOL_E_NO_AGENT: {
    exit: 1,
    title: 'No agent is running',
    explanation: 'Dynamic rules last as long as the agent does, so there must be one: systemctl start xdpol-agent.',
  },
  XDPOL_E_OTHER_NETWORK: {
    exit: 1,
    title: 'The agent is in another network namespace',
    explanation: 'A store has one agent, and dynamic rules are those of the network namespace that it runs in.',
  },
  XDPOL_E_NO_DYNAMIC_RULE: {
    exit: 1,
    title: 'There is no such dynamic rule',
    explanation: 'A dynamic rule has the name with which it was added; the help lists the names.',
  },
  XDPOL_E_LEAK: {
    exit: 1,
    title: 'Packets would pass unfiltered',
    explanation:
      'xdpol doctor finds that packets would bypass the policy on an interface of the change, such as those of the other ports of a bond. The help says which interface to name instead; --force filters this one anyway.',
  },
  XDPOL_E_LOCKOUT: {
    exit: 1,
    title: 'The policy would cut what the host does now',
    explanation:
      'Before a policy is put in force, xdpol compares it with what the host does now: TCP connections that came in over its interfaces, first of all your SSH connection, neighbour discovery of the default gateway, path MTU errors, and DHCP where an address is a lease. The message lists traffic that passes now and would be dropped, with the filter that drops it. Permit the traffic, use --confirm so that the change goes back by itself, or use --force. See docs/safe-changes.md.',
  },
  XDPOL_E_NOT_CONFIRMED: {
    exit: 1,
    title: 'Not confirmed',
    explanation: 'The command asked first, and the answer was not yes. Nothing was changed.',
  },
  XDPOL_E_NOTHING_PENDING: {
    exit: 1,
    title: 'Nothing waits to be confirmed',
    explanation:
      'No policy was applied with --confirm, or it was confirmed, taken back or replaced since, or its time has passed.',
  },
  XDPOL_E_LISTEN: {
    exit: 1,
    title: 'The agent cannot listen',
    explanation: 'Another program has the address, or it is not an address of this host, or it may not be used.',
  },
  XDPOL_E_SYSTEMD: {
    exit: 1,
    title: 'systemd refused',
    explanation: 'systemd did not take the units; its own message says why: systemctl daemon-reload.',
  },
  XDPOL_E_MEASUREMENT: {
    exit: 1,
    title: 'A measurement cannot be trusted',
    explanation:
      'The program decided some of the timed packets otherwise than the policy says, or frames could not be sent. No figure is shown.',
  },
  XDPOL_E_REQUEST: {
    exit: 2,
    title: 'The request cannot be read',
    explanation:
      'What was sent to the agent does not fit its schema in docs/openapi.json, or asks for something impossible.',
  },
  XDPOL_E_PACKET: {
    exit: 2,
    title: 'The packet cannot be read',
    explanation: "A packet is one argument such as 'tcp 203.0.113.9:40000 -> 131.107.1.1:80'.",
  },
  XDPOL_E_LISTENERS: {
    exit: 1,
    title: 'Too many programs listen to the agent',
    explanation: 'Each visible window of the console listens to the agent, and the number of listeners is bounded.',
  },
  XDPOL_E_SAMPLES_READ: {
    exit: 1,
    title: 'Another process reads the samples',
    explanation:
      'Samples of an interface have one reader. The agent passes them on to many: while it runs, xdpol events and xdpol capture ask it.',
  },
  XDPOL_E_NO_AUDIT: {
    exit: 1,
    title: 'No policy can be, or is, on trial',
    explanation:
      'xdpol apply --audit compares a policy with the one in force, on the interfaces that are filtered. It ends with the machine, and with xdpol unassign.',
  },
  XDPOL_E_NO_EVIDENCE: {
    exit: 1,
    title: 'No traffic was observed',
    explanation:
      'xdpol report tells what the agent has observed. No agent has run here while an interface was filtered.',
  },
  XDPOL_E_NO_SUCH_RULE: {
    exit: 2,
    title: 'No rule in force has that name',
    explanation: 'Samples are asked for by the names of the rules that are in force: xdpol counters lists them.',
  },
  XDPOL_E_NO_ROUTE: {
    exit: 2,
    title: 'The agent has no such route',
    explanation: 'docs/openapi.json lists the routes.',
  },
  XDPOL_E_KEY_REUSED: {
    exit: 2,
    title: 'An idempotency key was used for another request',
    explanation: 'A key stands for one request: use a new one for each change.',
  },
  XDPOL_E_AGENT_GONE: {
    exit: 1,
    title: 'The agent ended before it answered',
    explanation: 'The change may be in force or not: xdpol status says which.',
  },
  XDPOL_E_OTHER_HOST: {
    exit: 1,
    title: 'The agent serves another network namespace or store',
    explanation: 'A command then works without the agent, which requires root.',
  },
  XDPOL_E_INTERNAL: {
    exit: 1,
    title: 'A fault in xdpol',
    explanation: 'The agent reached a state that should not occur; its log has more. Report it.',
  },
  XDPOL_E_SYSTEM: {
    exit: 1,
    title: 'The system refused a call',
    explanation: 'The message is the one of the operating system.',
  },
  XDPOL_E_BUSY: {
    exit: 1,
    title: 'The agent has too many questions to answer',
    explanation:
      'Questions about policies are answered by threads of the agent, one after another, and so many wait for each. What is in force, metrics and changes do not wait for them.',
  },
  XDPOL_E_QUESTION: {
    exit: 1,
    title: 'The agent could not finish an answer',
    explanation:
      'The thread that worked on it ended: memory ran out, or the agent ended. Nothing was changed, and filtering goes on.',
  },
} as const;
