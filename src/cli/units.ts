/** The systemd units: the policy before the network at boot, and the agent. */

export interface Unit {
  readonly name: string;
  readonly text: string;
  /** The target that pulls it in. */
  readonly wantedBy: string;
}

/** Seconds that the boot waits for an interface. The others are filtered meanwhile. */
const BOOT_WAIT = 5;

/**
 * What xdpol uses: CAP_SYS_ADMIN to open programs and maps by their numbers, CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN to load
 * and attach them, CAP_DAC_OVERRIDE for a store and pins of another user.
 */
const CAPABILITIES = 'CAP_SYS_ADMIN CAP_BPF CAP_PERFMON CAP_NET_ADMIN CAP_DAC_OVERRIDE';

/** What is refused fails as it would without a privilege, and ends nothing. V8 needs memory that it can write and run. */
const SANDBOX = `NoNewPrivileges=yes
UMask=0077
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
KeyringMode=private
SystemCallArchitectures=native
SystemCallFilter=@system-service bpf
SystemCallFilter=~@resources
SystemCallErrorNumber=EPERM`;

/** These give the process mounts of its own, which early in the boot are not there yet. */
const OWN_MOUNTS = `ProtectSystem=full
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
PrivateMounts=yes
DevicePolicy=closed
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
RemoveIPC=yes`;

/**
 * Interfaces are open until this unit has run, so it comes before `network-pre.target`, which whoever
 * configures the network waits for. It needs /var and the bpffs, and no other service. Stopping it does
 * nothing: the filter is in the kernel, and `xdpol unassign` ends it. It has no condition: a store that lost its
 * assignment would be skipped in silence.
 */
function restoreText(command: string, stateDirectory: string): string {
  return `[Unit]
Description=Packet filter policy, in force before the network is up
DefaultDependencies=no
Wants=network-pre.target
Before=network-pre.target shutdown.target
After=local-fs.target systemd-modules-load.service
Conflicts=shutdown.target
RequiresMountsFor=${stateDirectory} /sys/fs/bpf

[Service]
Type=oneshot
RemainAfterExit=yes
Environment=XDPOL_STATE_DIR=${stateDirectory}
ExecStart=${command} restore --wait ${BOOT_WAIT}
TimeoutStartSec=60
LimitMEMLOCK=infinity
CapabilityBoundingSet=${CAPABILITIES}
${SANDBOX}

[Install]
WantedBy=sysinit.target
`;
}

/** Ended or killed, it takes no filter with it. CAP_CHOWN gives its socket to the group xdpol. */
function agentText(command: string, stateDirectory: string, writable: string): string {
  return `[Unit]
Description=Packet filter metrics, addresses and names followed, control socket
After=network.target xdpol-restore.service

[Service]
Type=exec
Environment=XDPOL_STATE_DIR=${stateDirectory}
ExecStart=${command} agent
Restart=on-failure
RestartSec=2
LimitMEMLOCK=infinity
CapabilityBoundingSet=${CAPABILITIES} CAP_CHOWN
${SANDBOX}
${OWN_MOUNTS}
ReadWritePaths=${writable}

[Install]
WantedBy=multi-user.target
`;
}

/** `command` runs xdpol: words with absolute paths. */
export function unitsFor(command: readonly string[], stateDirectory: string): readonly Unit[] {
  const line = command.map(unitWord).join(' ');
  const directory = unitWord(stateDirectory);
  return [
    { name: 'xdpol-restore.service', text: restoreText(line, directory), wantedBy: 'sysinit.target' },
    {
      name: 'xdpol-agent.service',
      text: agentText(line, directory, unitWord(`-${stateDirectory}`)),
      wantedBy: 'multi-user.target',
    },
  ];
}

/** A word of a unit file: % begins a specifier, $ a variable, and spaces part words. */
function unitWord(word: string): string {
  const escaped = word.replaceAll('\\', '\\\\').replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /[\s"']/u.test(escaped) ? `"${escaped.replaceAll('"', '\\"')}"` : escaped;
}
