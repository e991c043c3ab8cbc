/** Checks of the host: each looks at the facts and says what it finds. */
import type { HostFacts } from './doctor-facts.ts';
import type { Found } from './finding.ts';
import { manual, safe } from './finding.ts';

export type HostCheck = (facts: HostFacts) => readonly Found[];

/** The first kernel that has what xdpol needs at all: XDP links, and mmapable arrays of any size. */
const OLDEST_KERNEL = [5, 15] as const;
/** The first one with tcx. */
const TCX_KERNEL = [6, 6] as const;
/** From here on BPF memory is accounted by cgroup, and the limit of locked memory has no meaning for it. */
const CGROUP_KERNEL = [5, 11] as const;

function isAtLeast(release: string, [major, minor]: readonly [number, number]): boolean {
  const [, first, second] = /^(\d+)\.(\d+)/u.exec(release) ?? [];
  const found = [Number(first ?? 0), Number(second ?? 0)] as const;
  return found[0] > major || (found[0] === major && found[1] >= minor);
}

function checkKernel({ kernel: { release } }: HostFacts): readonly Found[] {
  if (!isAtLeast(release, OLDEST_KERNEL)) {
    return [
      {
        severity: 'error',
        what: `the kernel is ${release}`,
        why: `the program needs Linux ${OLDEST_KERNEL.join('.')} or newer: an older one refuses to load it`,
        advice: 'install a newer kernel',
      },
    ];
  }
  if (isAtLeast(release, TCX_KERNEL)) return [];
  return [
    {
      severity: 'note',
      what: `the kernel is ${release}, which has no tcx`,
      why: 'outgoing packets are filtered by a clsact filter instead, which other programs that use clsact can remove',
      advice: `Linux ${TCX_KERNEL.join('.')} has tcx`,
    },
  ];
}

function checkBtf({ kernel }: HostFacts): readonly Found[] {
  if (kernel.hasBtf) return [];
  return [
    {
      severity: 'warning',
      what: 'the kernel has no BTF (/sys/kernel/btf/vmlinux)',
      why: 'programs that need kernel types are refused, and bpftool shows no types',
      advice: 'use a kernel with CONFIG_DEBUG_INFO_BTF=y; those of Debian and Ubuntu have it',
    },
  ];
}

function checkJit({ kernel: { jit } }: HostFacts): readonly Found[] {
  if (jit !== 0) return [];
  return [
    {
      severity: 'warning',
      what: 'the BPF JIT compiler is off',
      why: 'every packet is decided by the interpreter, many times slower',
      remedy: safe('sysctl', '-w', 'net.core.bpf_jit_enable=1'),
    },
  ];
}

function checkBpffs({ kernel }: HostFacts): readonly Found[] {
  if (kernel.hasBpffs) return [];
  return [
    {
      severity: 'warning',
      what: 'there is no BPF file system at /sys/fs/bpf',
      why: 'a filter outlives the command that made it only by a pin there; apply tries to mount it',
      remedy: safe('mount', '-t', 'bpf', 'bpf', '/sys/fs/bpf'),
    },
  ];
}

/** Bytes: the tables of a large policy. */
const WANTED_MEMORY = 1 << 30;

function checkMemory({ kernel: { release, lockableMemory } }: HostFacts): readonly Found[] {
  if (isAtLeast(release, CGROUP_KERNEL) || lockableMemory >= WANTED_MEMORY) return [];
  return [
    {
      severity: 'error',
      what: `this process may lock ${Math.floor(lockableMemory / 1024)} KiB of memory`,
      why: `a kernel before ${CGROUP_KERNEL.join('.')} counts the tables of a policy as locked memory and refuses them`,
      advice: 'ulimit -l unlimited; a unit has LimitMEMLOCK=infinity',
    },
  ];
}

/** What loading, attaching and measuring need, each with what it is for. */
const NEEDED: readonly (readonly [capability: string, what: string])[] = [
  ['CAP_BPF', 'loading programs and tables'],
  ['CAP_NET_ADMIN', 'attaching a program to an interface'],
  ['CAP_PERFMON', 'the checks of the verifier that the program needs'],
];

function checkCapabilities({ capabilities }: HostFacts): readonly Found[] {
  const missing = NEEDED.filter(([name]) => !capabilities.includes(name) && !capabilities.includes('CAP_SYS_ADMIN'));
  if (missing.length === 0) return [];
  const names = missing.map(([name, what]) => `${name} (${what})`);
  return [
    {
      severity: 'warning',
      what: `this process lacks ${names.join(', ')}`,
      why: 'verbs that change what is in force fail in this shell; some checks below had less to look at',
      remedy: manual('sudo', 'xdpol', 'doctor'),
    },
  ];
}

function checkLockdown({ kernel: { lockdown } }: HostFacts): readonly Found[] {
  if (lockdown !== 'confidentiality') return [];
  return [
    {
      severity: 'error',
      what: 'kernel lockdown is in confidentiality mode',
      why: 'BPF programs may not read kernel memory in it, and some kernels refuse the program',
      advice: 'boot with lockdown=integrity, or without lockdown=confidentiality',
    },
  ];
}

function checkUnprivilegedBpf({ kernel: { unprivilegedBpfDisabled } }: HostFacts): readonly Found[] {
  if (unprivilegedBpfDisabled !== 0) return [];
  return [
    {
      severity: 'warning',
      what: 'every user may load BPF programs (kernel.unprivileged_bpf_disabled is 0)',
      why: 'faults of the verifier are then open to every user of this host; xdpol does not need it',
      remedy: safe('sysctl', '-w', 'kernel.unprivileged_bpf_disabled=2'),
    },
  ];
}

function checkConfiguration({ config: { path, problem, diagnostics } }: HostFacts): readonly Found[] {
  if (problem !== undefined) {
    return [
      {
        severity: 'error',
        what: problem,
        why: 'protected traffic, interfaces and the way to boot are not known: commands that need them are refused',
        advice: `make ${path} a readable YAML file, or remove it for the defaults`,
      },
    ];
  }
  return diagnostics.map(({ severity, span, code, message, help }) => ({
    severity,
    what: `${span.file}:${span.line}:${span.column}: ${message} [${code}]`,
    why: 'commands that depend on the configuration are refused until it is correct; the boot uses the default instead',
    ...(help === undefined ? {} : { advice: help }),
  }));
}

/** Bytes: ten versions of a policy with a list of a million addresses. */
const WANTED_SPACE = 256 << 20;

function checkStore({ store }: HostFacts): readonly Found[] {
  const { directory, problem, isWritable, free, setAside, damaged, assigned, assignedDamage } = store;
  if (problem !== undefined) {
    return [
      {
        severity: 'error',
        what: problem,
        why: 'the next boot cannot put the assigned policy in force, and goes by boot: in the configuration',
        advice:
          'what is in force stays in force; xdpol status shows it; apply the policy from its file once the store works',
      },
    ];
  }
  const found: Found[] = damaged.map((what) => ({
    severity: 'warning',
    what,
    why: 'the disk or a power cut damaged it; what is in force stays in force, and the next boot has less to go by',
    advice: 'check the disk (dmesg, smartctl); the next change that concerns it writes it anew',
  }));
  if (assignedDamage !== undefined) {
    found.push({
      severity: 'error',
      what: `the assigned version of ${assigned} is damaged: ${assignedDamage}`,
      why: 'the next boot needs its compiled form or an earlier version, and goes by boot: in the configuration without',
      advice: 'check the disk (dmesg, smartctl); apply the policy from its file again',
    });
  }
  if (!isWritable) {
    found.push({
      severity: 'warning',
      what: `the policy store ${directory} cannot be written`,
      why: 'no policy can be stored or assigned; what is in force stays, and addresses are still followed',
      advice: `see: findmnt -T ${directory}; ls -ld ${directory}`,
    });
  }
  if (free !== undefined && free < WANTED_SPACE) {
    found.push({
      severity: 'warning',
      what: `${Math.floor(free / (1 << 20))} MiB are free for the policy store ${directory}`,
      why: 'a policy that cannot be stored is not put in force',
      advice: `free some space: df ${directory}`,
    });
  }
  if (setAside.length > 0) {
    found.push({
      severity: 'warning',
      what: `damaged parts of the store were set aside: ${setAside.join(', ')}`,
      why: 'the disk or a power cut damaged them; they are never read again',
      advice: 'check the disk (dmesg, smartctl), then remove them',
    });
  }
  return found;
}

function checkFilter({ filter, store }: HostFacts): readonly Found[] {
  if (filter === undefined || store.problem !== undefined) return [];
  const { policy = 'a policy', gaps, warnings } = filter;
  const open = gaps.filter(({ isMissing }) => !isMissing).map(({ name, direction }) => `${name} ${direction}`);
  const missing = [...new Set(gaps.filter(({ isMissing }) => isMissing).map(({ name }) => name))];
  const found: Found[] = [];
  if (open.length > 0) {
    found.push({
      severity: 'error',
      what: `${open.join(', ')}: not filtered, and ${policy} is to be in force there`,
      why: 'every packet passes there',
      remedy: manual('xdpol', 'restore'),
    });
  }
  for (const name of missing) {
    found.push({
      severity: 'warning',
      what: `${name} is assigned, and not there`,
      why: 'it is filtered when it is back, by the agent or xdpol restore',
      remedy: manual('xdpol', 'unassign', '-i', name),
    });
  }
  const why = 'what is in force is not in all what should be';
  return [...found, ...warnings.map((what) => ({ severity: 'warning', what, why }) as const)];
}

function checkUnits({ units, store }: HostFacts): readonly Found[] {
  const found: Found[] = [];
  const restore = units.find(({ name }) => name === 'xdpol-restore.service');
  if (restore === undefined) return found;
  if (!restore.isInstalled || !restore.isEnabled) {
    found.push({
      severity: store.assigned === undefined ? 'note' : 'warning',
      what: `${restore.name} is not ${restore.isInstalled ? 'enabled' : 'installed'}`,
      why: 'nothing is filtered after the next boot until a command puts the policy in force',
      remedy: restore.isInstalled ? safe('systemctl', 'enable', restore.name) : manual('xdpol', 'install'),
    });
  }
  for (const { name, state } of units) {
    if (state !== 'failed') continue;
    found.push({
      severity: 'error',
      what: `${name} has failed`,
      why:
        name === restore.name
          ? 'the assigned policy may not be in force: xdpol status says what is'
          : 'addresses and names are not followed, and no metrics are served',
      advice: `see why: journalctl -b -u ${name}; then: systemctl restart ${name}`,
    });
  }
  return found;
}

/** Milliseconds that clocks may differ. */
const CLOCK_TOLERANCE = 60_000;

function checkClock({ now, store: { newestRecord } }: HostFacts): readonly Found[] {
  const newest = newestRecord === undefined ? Number.NEGATIVE_INFINITY : Date.parse(newestRecord);
  if (!(newest > now + CLOCK_TOLERANCE)) return [];
  return [
    {
      severity: 'warning',
      what: `the clock says ${new Date(now).toISOString()}, and a policy was stored at ${newestRecord}`,
      why: 'the clock is behind: ages and times that xdpol shows are wrong; what it filters is not',
      advice: 'see: timedatectl',
    },
  ];
}

function checkAgent({ agent, store }: HostFacts): readonly Found[] {
  if (agent !== undefined) return [];
  return [
    {
      severity: store.assigned === undefined ? 'note' : 'warning',
      what: 'no agent is running',
      why: '`me` and DNS names are not followed as they change, and no metrics are served; filtering itself goes on',
      remedy: manual('systemctl', 'start', 'xdpol-agent'),
    },
  ];
}

/** By the name that a finding has. */
export const HOST_CHECKS: Readonly<Record<string, HostCheck>> = {
  kernel: checkKernel,
  btf: checkBtf,
  jit: checkJit,
  bpffs: checkBpffs,
  memory: checkMemory,
  capabilities: checkCapabilities,
  lockdown: checkLockdown,
  'unprivileged-bpf': checkUnprivilegedBpf,
  configuration: checkConfiguration,
  store: checkStore,
  filter: checkFilter,
  units: checkUnits,
  clock: checkClock,
  agent: checkAgent,
};
