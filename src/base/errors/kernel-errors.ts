/** What the kernel has against it. */
export const KERNEL_ERRORS = {
  XDPOL_E_BPFFS: {
    exit: 1,
    title: 'There is no BPF file system that can be used',
    explanation:
      'What is in force is pinned in a BPF file system, usually at /sys/fs/bpf. It could not be mounted, or it cannot be written.',
  },
  XDPOL_E_BPF_OBJECT: {
    exit: 1,
    title: 'The BPF program is missing or does not fit',
    explanation:
      'The file with the programs is not there, is damaged, or belongs to another version of xdpol. Its bytes are compared with the file SHA256SUMS beside it.',
  },
  XDPOL_E_VERIFIER: {
    exit: 1,
    title: 'The verifier refused the program',
    explanation: 'The kernel did not accept the program; the last lines of its log are in the message.',
  },
  XDPOL_E_PERMISSION: {
    exit: 1,
    title: 'The kernel did not permit it',
    explanation: 'The process lacks a capability, or the BPF file system is not writable for it.',
  },
  XDPOL_E_MEMORY: {
    exit: 1,
    title: 'The kernel has no room',
    explanation: 'The tables of this policy need more memory than a limit of the kernel allows.',
  },
  XDPOL_E_LIVE_TABLES_FULL: {
    exit: 1,
    title: 'The tables of live sets have no room for all members',
    explanation:
      'They are made for the capacities that the policy gives its live sets, and there are more members than that. Nothing is put in force without a member.',
  },
  XDPOL_E_LIVE_TABLES_VERSION: {
    exit: 1,
    title: 'The live sets in force are of another version of xdpol',
    explanation:
      'The tables of live sets stay in the kernel over an upgrade, and only the version that made them finds members in them. `xdpol restore` puts the assigned policy in force with new tables, which have all members that the store has.',
  },
  XDPOL_E_KERNEL: {
    exit: 1,
    title: 'The kernel refused',
    explanation: 'The kernel refused a call; the message names the call and the reason.',
  },
  XDPOL_E_INTERFACE_GONE: {
    exit: 1,
    title: 'The interface went away',
    explanation: 'It was there when the command began and was removed before the program was attached.',
  },
  XDPOL_E_XDP_BUSY: {
    exit: 1,
    title: 'Another XDP program holds the interface',
    explanation: 'A foreign program is never replaced. The message names it and the command that removes it.',
  },
  XDPOL_E_XDP_REFUSED: {
    exit: 1,
    title: 'The driver refused XDP',
    explanation: 'The driver does not take the program in this mode; --mode auto falls back to generic mode.',
  },
  XDPOL_E_EGRESS_REFUSED: {
    exit: 1,
    title: 'The kernel refused the egress filter',
    explanation: 'Attaching the program for outgoing packets failed; the message has the reason.',
  },
  XDPOL_E_EGRESS_UNAVAILABLE: {
    exit: 1,
    title: 'This kernel cannot filter outgoing packets',
    explanation: 'It has neither tcx nor clsact. --ingress-only filters arriving packets only.',
  },
  XDPOL_E_EGRESS_TAKEN: {
    exit: 1,
    title: 'Another filter has the place at egress',
    explanation:
      'Another qdisc or filter is where the filter of xdpol must be. The help has the commands that show it and move it.',
  },
  XDPOL_E_MODE_CHANGE: {
    exit: 1,
    title: 'A running filter cannot change its mode',
    explanation: 'Changing between native and generic XDP would leave a gap in which packets pass, so it is refused.',
  },
  XDPOL_E_HOOK_CHANGE: {
    exit: 1,
    title: 'A running filter cannot change its hook',
    explanation:
      'Changing between XDP and tcx would leave a gap, or filter and count each packet twice, so it is refused.',
  },
  XDPOL_E_TCX_REFUSED: {
    exit: 1,
    title: 'The kernel refused the filter at tcx',
    explanation: 'Attaching the program for arriving packets at tcx failed; the message has the reason.',
  },
  XDPOL_E_TCX_UNAVAILABLE: {
    exit: 1,
    title: 'This kernel cannot filter arriving packets at tcx',
    explanation: 'It has neither tcx nor clsact. Without --hook tcx arriving packets are filtered at XDP.',
  },
  XDPOL_E_TCX_TAKEN: {
    exit: 1,
    title: 'Another filter has the place at ingress',
    explanation:
      'On a kernel without tcx xdpol uses a filter of clsact instead, and another qdisc or filter has its place. The help has the commands that show it and move it.',
  },
  XDPOL_E_EGRESS_FILTERED: {
    exit: 1,
    title: '--ingress-only would open what is filtered',
    explanation: 'Outgoing packets are filtered now, and the command would end that.',
  },
  XDPOL_E_PREFLIGHT: {
    exit: 1,
    title: 'The loaded program decides wrongly',
    explanation:
      'Before the swap packets of the policy are run through the loaded program. One got another verdict than the policy gives, so nothing was changed. This is a bug: report it with the policy.',
  },
} as const;
