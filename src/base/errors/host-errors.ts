/** What stands in the way on this host, outside the kernel and the store. */
export const HOST_ERRORS = {
  XDPOL_E_PRIVILEGES: {
    exit: 1,
    title: 'The command needs privileges',
    explanation:
      'The filters are in the kernel, and their pins in a folder of root. The message names the capabilities that the process lacks, the help how to give it them.',
  },
  XDPOL_E_NO_INTERFACE: {
    exit: 1,
    title: 'The interface is not there',
    explanation: 'No interface of this network namespace has the name. The help lists those that there are.',
  },
  XDPOL_E_NO_ETHERNET: {
    exit: 1,
    title: 'The interface has no Ethernet frames',
    explanation:
      'Filters look for an Ethernet header. On a tunnel or another device without one every packet would be taken for non-IP, so the interface is refused.',
  },
  XDPOL_E_WHICH_INTERFACES: {
    exit: 2,
    title: 'It is not known which interfaces are meant',
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
    explanation: 'Its interfaces come back together where it is not confirmed, so none can be taken out meanwhile.',
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
    title: 'A file cannot be read',
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
    explanation: 'Dynamic rules are named as they were added; the help lists those that there are.',
  },
  XDPOL_E_LEAK: {
    exit: 1,
    title: 'Packets would go unfiltered',
    explanation:
      'What xdpol doctor finds on the interfaces of the change says that packets would get round the policy, such as those of the other ports of a bond. The help says which interface to name instead; --force filters this one all the same.',
  },
  XDPOL_E_LOCKOUT: {
    exit: 1,
    title: 'The policy would cut what the host does now',
    explanation:
      'Before a policy is put in force, it is asked about the present of the host: TCP connections that came in over its interfaces, first of all your SSH connection, neighbour discovery of the default gateway, path MTU errors, and DHCP where an address is a lease. What passes now and would be dropped is listed with the filter that drops it. Permit it, use --confirm, so that the change goes back by itself, or --force. See docs/safe-changes.md.',
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
      'Packets that were timed were not decided as the policy says, or frames could not be sent. No figure is shown.',
  },
  XDPOL_E_REQUEST: {
    exit: 2,
    title: 'The request cannot be read',
    explanation:
      'What was sent to the agent is not what its schema, docs/openapi.json, asks for, or says what cannot be.',
  },
  XDPOL_E_PACKET: {
    exit: 2,
    title: 'The packet cannot be read',
    explanation: "A packet is one argument such as 'tcp 203.0.113.9:40000 -> 131.107.1.1:80'.",
  },
  XDPOL_E_LISTENERS: {
    exit: 1,
    title: 'Too many programs listen to the agent',
    explanation: 'Each window of the console listens while it is seen. The number is bounded.',
  },
  XDPOL_E_SAMPLES_READ: {
    exit: 1,
    title: 'Another process reads the samples',
    explanation:
      'Samples of an interface have one reader. The agent is one that gives them to many: where it runs, xdpol events and xdpol capture ask it.',
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
    explanation: 'A command then works by itself, which takes root.',
  },
  XDPOL_E_INTERNAL: {
    exit: 1,
    title: 'A fault in xdpol',
    explanation: 'The agent met a situation that it should not have come into; its log has more. Report it.',
  },
  XDPOL_E_SYSTEM: {
    exit: 1,
    title: 'The system refused a call',
    explanation: 'The message is the one of the operating system.',
  },
} as const;
