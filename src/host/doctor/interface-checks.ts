/** Checks of one interface: what makes attaching fail, filtering leak, or packets slow. */
import type { HookProgram, InterfaceFacts } from './doctor-facts.ts';
import type { Found } from './finding.ts';
import { manual, safe } from './finding.ts';

export type InterfaceCheck = (facts: InterfaceFacts) => readonly Found[];

function isOn({ ethtool }: InterfaceFacts, feature: string): boolean {
  return ethtool?.features[feature]?.on === true;
}

function canChange({ ethtool }: InterfaceFacts, feature: string): boolean {
  return ethtool?.features[feature]?.changeable === true;
}

/** A command where the driver lets the feature be changed; words where it does not. */
function switchOff(facts: InterfaceFacts, feature: string, option: string): Pick<Found, 'remedy' | 'advice'> {
  const { name, driver } = facts.device;
  return canChange(facts, feature)
    ? { remedy: safe('ethtool', '-K', name, option, 'off') }
    : { advice: `the driver (${driver || 'none'}) does not let ${option} be changed: use --mode generic` };
}

function checkLink({ device: { name, mac } }: InterfaceFacts): readonly Found[] {
  if (mac !== '') return [];
  return [
    {
      severity: 'error',
      what: `${name} has no Ethernet frames`,
      why: 'every packet would be taken for non-IP and pass, so apply refuses the interface',
      advice: 'filter the Ethernet interface that carries it, or use nftables for this one',
      leaks: true,
    },
  ];
}

/** Drivers whose native XDP is known, by the kernel's names. */
const NATIVE_DRIVERS: ReadonlySet<string> = new Set(
  (
    'bnxt_en bond cpsw cxgb4 dpaa2-eth ena fsl_dpaa fsl_enetc gve hv_netvsc i40e ice igb igc ixgbe ixgbevf lan966x ' +
    'mana mlx4_en mlx5_core mtk_eth_soc mvneta mvpp2 netsec nfp nicvf qede sfc stmmac tsnep tun veth virtio_net ' +
    'xen-netfront vmxnet3'
  ).split(' '),
);

function checkDriver({ device: { name, driver, kind }, xdp, ethtool }: InterfaceFacts): readonly Found[] {
  const known = driver || ethtool?.driver || kind;
  if (xdp?.isOurs === true) {
    if (xdp.mode !== 'generic' || !NATIVE_DRIVERS.has(known)) return [];
    return [
      {
        severity: 'note',
        what: `${name} is filtered in generic mode, and its driver (${known}) has native XDP`,
        why: 'generic mode comes after the kernel has made a packet of the frame: a dropped packet costs several times as much',
        advice: `end filtering on it and apply again with --mode native; the findings on ${name} say what may stand in the way`,
      },
    ];
  }
  if (NATIVE_DRIVERS.has(known)) return [];
  return [
    {
      severity: 'note',
      what: `the driver of ${name} (${known || 'unknown'}) is not known to have native XDP`,
      why: 'apply falls back to generic mode where it has none: it filters the same, and a dropped packet costs several times as much',
    },
  ];
}

/** Bytes of a frame that fit one page with the room that XDP needs; drivers differ a little. */
const ONE_BUFFER = 3498;
/** Drivers that take frames in several buffers in native mode. */
const MULTI_BUFFER_DRIVERS: ReadonlySet<string> = new Set(
  'bnxt_en fsl_enetc i40e ice idpf mlx5_core mvneta tun veth virtio_net xen-netfront'.split(' '),
);

function checkMtu({ device: { name, mtu, driver, kind } }: InterfaceFacts): readonly Found[] {
  if (mtu <= ONE_BUFFER || MULTI_BUFFER_DRIVERS.has(driver || kind)) return [];
  return [
    {
      severity: 'warning',
      what: `${name} has an MTU of ${mtu}, and its driver (${driver || kind || 'unknown'}) is not known to give XDP frames in several buffers`,
      why: `native XDP may be refused above ${ONE_BUFFER} bytes; apply then uses generic mode, which is slower`,
      remedy: manual('ip', 'link', 'set', 'dev', name, 'mtu', String(ONE_BUFFER)),
    },
  ];
}

function checkLro(facts: InterfaceFacts): readonly Found[] {
  if (!isOn(facts, 'rx-lro')) return [];
  return [
    {
      severity: 'warning',
      what: `${facts.device.name} has LRO on`,
      why: 'the card joins packets before XDP sees them: drivers refuse native XDP, and packets that were joined are counted as one',
      ...switchOff(facts, 'rx-lro', 'lro'),
    },
  ];
}

function checkHardwareGro(facts: InterfaceFacts): readonly Found[] {
  // Where a guest cannot change it, the check of virtio says what to do.
  const isStuckGuest = facts.device.driver === 'virtio_net' && !canChange(facts, 'rx-gro-hw');
  if (!isOn(facts, 'rx-gro-hw') || isStuckGuest) return [];
  return [
    {
      severity: 'warning',
      what: `${facts.device.name} has hardware GRO on (rx-gro-hw)`,
      why: 'the card or the hypervisor joins packets before XDP sees them: virtio_net and bnxt_en refuse native XDP',
      ...switchOff(facts, 'rx-gro-hw', 'rx-gro-hw'),
    },
  ];
}

function checkVlanStripping(facts: InterfaceFacts): readonly Found[] {
  const { name } = facts.device;
  if (!isOn(facts, 'rx-vlan-hw-parse')) return [];
  return [
    {
      severity: 'note',
      what: `${name} takes the outer VLAN tag off before XDP (rxvlan)`,
      why: 'such a frame is filtered as if it had one tag less: three tags pass for two, which are looked through',
      ...(canChange(facts, 'rx-vlan-hw-parse')
        ? { remedy: manual('ethtool', '-K', name, 'rxvlan', 'off') }
        : { advice: 'the driver does not let it be changed' }),
    },
  ];
}

/** Drivers that need as many queues again for XDP. */
const HALF_CHANNEL_DRIVERS: ReadonlySet<string> = new Set(['ena', 'gve']);

function checkChannels({ device: { name, driver }, ethtool }: InterfaceFacts): readonly Found[] {
  const channels = ethtool?.channels;
  if (channels === undefined || !HALF_CHANNEL_DRIVERS.has(driver)) return [];
  const { combined, combinedMax } = channels;
  const half = Math.floor(combinedMax / 2);
  if (combined <= half || half === 0) return [];
  return [
    {
      severity: 'warning',
      what: `${name} uses ${combined} of ${combinedMax} channels`,
      why: `${driver} needs half of them free for XDP and refuses native mode; apply then uses generic mode, which is slower`,
      remedy: manual('ethtool', '-L', name, 'combined', String(half)),
    },
  ];
}

/** What a hypervisor joins for its guest; XDP can only run where the guest may switch it off. */
const GUEST_OFFLOADS = ['rx-gro-hw', 'rx-lro'];

function checkVirtio(facts: InterfaceFacts): readonly Found[] {
  const { device, ethtool } = facts;
  if (device.driver !== 'virtio_net') return [];
  const found: Found[] = [];
  const stuck = GUEST_OFFLOADS.filter((feature) => isOn(facts, feature) && !canChange(facts, feature));
  if (stuck.length > 0) {
    found.push({
      severity: 'warning',
      what: `${device.name}: the hypervisor joins packets for this guest (${stuck.join(', ')}) and the guest cannot end that`,
      why: 'virtio_net refuses native XDP then; apply uses generic mode, which is slower',
      advice: 'start the guest with guest_tso4=off,guest_tso6=off,guest_ufo=off,guest_ecn=off for this device',
    });
  }
  const channels = ethtool?.channels;
  if (channels !== undefined && channels.combined < channels.combinedMax) {
    found.push({
      severity: 'note',
      what: `${device.name} uses ${channels.combined} of ${channels.combinedMax} queue pairs`,
      why: 'packets are filtered on as many CPUs as there are queues',
      remedy: manual('ethtool', '-L', device.name, 'combined', String(channels.combinedMax)),
    });
  }
  return found;
}

/** Bytes: the largest packet that the length field of IPv4 and IPv6 can name. */
const LARGEST_PACKET = 65536;

function checkBigTcp({ device, xdp }: InterfaceFacts): readonly Found[] {
  const sizes = [
    ['gro_max_size', device.groMaxSize],
    ['gro_ipv4_max_size', device.groIpv4MaxSize],
    ['gso_max_size', device.gsoMaxSize],
    ['gso_ipv4_max_size', device.gsoIpv4MaxSize],
  ] as const;
  const large = sizes.filter(([, size]) => size !== undefined && size > LARGEST_PACKET);
  if (large.length === 0) return [];
  const arriving = xdp?.mode === 'native' ? 'leaving packets' : 'leaving packets, and arriving ones in generic mode,';
  return [
    {
      severity: 'note',
      what: `${device.name} has BIG TCP on (${large.map(([name, size]) => `${name} ${size}`).join(', ')})`,
      why: `${arriving} are then larger than any wire carries: they are filtered by their headers, and each counts as one packet`,
      remedy: manual(
        ...['ip', 'link', 'set', 'dev', device.name],
        ...large.flatMap(([name]) => [name, String(LARGEST_PACKET)]),
      ),
    },
  ];
}

function checkVeth({ device, ethtool, peer, xdp }: InterfaceFacts): readonly Found[] {
  if ((device.driver || device.kind) !== 'veth' || xdp?.mode === 'generic') return [];
  const found: Found[] = [];
  if (peer !== undefined && peer.ethtool?.features['rx-gro']?.on !== true) {
    found.push({
      severity: 'note',
      what: `${peer.device.name}, the other end of ${device.name}, has GRO off, so no NAPI of its own`,
      why: 'programs that send packets back or redirect them into the pair lose them; xdpol itself does neither',
      remedy: safe('ethtool', '-K', peer.device.name, 'gro', 'on'),
    });
  }
  if (ethtool !== undefined && ethtool.features['rx-gro']?.on !== true) {
    found.push({
      severity: 'note',
      what: `${device.name} has GRO off`,
      why: 'native XDP on a veth receives by NAPI; without GRO a bulk transfer costs a call of the stack for each packet',
      remedy: safe('ethtool', '-K', device.name, 'gro', 'on'),
    });
  }
  return found;
}

/** A port with no address of its own: the host is reached by the device above. */
function checkMembership({ device, master, siblings, filtered }: InterfaceFacts): readonly Found[] {
  if (master === undefined) return [];
  const kind = device.portKind ?? master.kind;
  const isBond = kind === 'bond' || kind === 'team';
  if (isBond) {
    const open = siblings.filter((name) => !filtered.includes(name));
    const leaks = open.length > 0 && !filtered.includes(master.name);
    return [
      {
        severity: leaks ? 'error' : 'warning',
        what: `${device.name} is a port of the ${kind} ${master.name}`,
        why: leaks
          ? `the ${kind} moves traffic between its ports as links come and go: what uses ${open.join(', ')} is not filtered`
          : `filters of single ports are lost when the ${kind} gets another port; the ${kind} itself runs XDP on all of them`,
        advice: `name the ${kind} instead: -i ${master.name}`,
        ...(leaks ? { leaks: true as const } : {}),
      },
    ];
  }
  if (device.addresses.some(({ address }) => !isLinkLocal(address))) return [];
  return [
    {
      severity: 'warning',
      what: `${device.name} is a port of the ${kind} ${master.name}, which has the addresses`,
      why: '`me` of a port is empty, and what the bridge forwards to other ports is filtered too',
      advice: `to filter what reaches this host: -i ${master.name}; to filter what comes in by this port, write addresses in place of me`,
    },
  ];
}

function isLinkLocal(address: string): boolean {
  return /^fe[89ab][0-9a-f]:/iu.test(address) || address.startsWith('169.254.');
}

function checkForeignXdp({ device: { name }, xdp, tcx }: InterfaceFacts): readonly Found[] {
  if (xdp === undefined || xdp.isOurs) return [];
  if (tcx.ingress.some(({ isOurs }) => isOurs)) {
    return [
      {
        severity: 'note',
        what: `${name}: another XDP program runs before xdpol's at tcx: ${xdp.name} (id ${xdp.id}, ${xdp.mode})`,
        why: 'what it drops, sends back or redirects never comes to the policy, and is not counted by it',
        advice: `see: bpftool net show dev ${name}`,
      },
    ];
  }
  const mode = xdp.mode === 'native' ? 'xdpdrv' : xdp.mode === 'generic' ? 'xdpgeneric' : 'xdpoffload';
  return [
    {
      severity: 'error',
      what: `${name}: another XDP program holds the interface: ${xdp.name} (id ${xdp.id}, ${xdp.mode})`,
      why: 'an interface has one XDP program, and a foreign one is never replaced: apply is refused, unless with --hook tcx, which filters after it',
      remedy: manual('ip', 'link', 'set', 'dev', name, mode, 'off'),
    },
  ];
}

function listPrograms(programs: InterfaceFacts['tcx']['ingress']): string {
  return programs.map(({ name, id }) => `${name} (id ${id})`).join(', ');
}

function checkForeignTc({ device: { name }, tcx }: InterfaceFacts): readonly Found[] {
  const found: Found[] = [];
  const others: HookProgram[] = [];
  for (const hook of ['ingress', 'egress'] as const) {
    const ours = Math.max(
      0,
      tcx[hook].findIndex(({ isOurs }) => isOurs),
    );
    const before = tcx[hook].slice(0, ours);
    others.push(...tcx[hook].slice(ours).filter(({ isOurs }) => !isOurs));
    if (before.length === 0) continue;
    found.push({
      severity: 'error',
      what: `${name}: ${listPrograms(before)} runs before xdpol's program at tcx ${hook}`,
      why: `a program that says "pass" ends the list: what it lets through ${hook === 'egress' ? 'leaves' : 'arrives'} unfiltered`,
      advice: `see: bpftool net show dev ${name}; end the program's owner, or have it attach after xdpol's`,
      leaks: true,
    });
  }
  if (others.length > 0) {
    found.push({
      severity: 'note',
      what: `${name}: other programs run at tcx: ${listPrograms(others)}`,
      why: 'they may drop, change or redirect packets that the policy permits; xdpol leaves them as they are',
      advice: `see: bpftool net show dev ${name}`,
    });
  }
  return found;
}

function checkMe({ device, master }: InterfaceFacts): readonly Found[] {
  // A port without addresses is reported as a port.
  if (master !== undefined) return [];
  const { name, addresses } = device;
  const families = [4, 6] as const;
  const missing = families.filter(
    (family) => !addresses.some((one) => one.family === family && !isLinkLocal(one.address)),
  );
  if (missing.length < 2) return [];
  return [
    {
      severity: 'warning',
      what: addresses.length === 0 ? `${name} has no address` : `${name} has link-local addresses only`,
      why: '`me` is the addresses of the filtered interfaces: filters with me match nothing, or nothing but link-local traffic, until there are others',
      advice: `see: ip address show dev ${name}; the agent follows the addresses as they come`,
    },
  ];
}

/** By the name that a finding has. */
export const INTERFACE_CHECKS: Readonly<Record<string, InterfaceCheck>> = {
  link: checkLink,
  driver: checkDriver,
  mtu: checkMtu,
  lro: checkLro,
  'gro-hw': checkHardwareGro,
  rxvlan: checkVlanStripping,
  channels: checkChannels,
  virtio: checkVirtio,
  'big-tcp': checkBigTcp,
  veth: checkVeth,
  membership: checkMembership,
  'foreign-xdp': checkForeignXdp,
  'foreign-tc': checkForeignTc,
  addresses: checkMe,
};
