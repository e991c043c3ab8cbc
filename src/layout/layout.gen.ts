// Generated from the BTF of bpf/*.bpf.c by `npm run generate`: change bpf/layout.h, not this file.

/** Constants by enum, without their prefix. */
export const ENUMS = {
  layout: {
    VERSION: 10,
    LEAF_BOUNDS: 15,
    LEAF_CLASSES: 16,
    ROOT_BOUNDS: 8,
    HALVES: 2,
    ROOT_HOSTS: 8,
    ROOT6_CLASSES: 64,
    NODE_KEYS: 7,
    LEAF6_KEYS: 5,
    TREE_DEPTH: 12,
    BLOCK_LEVELS: 10,
    BLOCK_FIRST: 32,
    BLOCK_STEP: 4,
    FRONT_LEVEL: 4,
    BLOCK_SLOTS: 3,
    BLOCK_PROBES: 8,
    BUCKET_SLOTS: 7,
    BUCKET_PROBES: 3,
    SET_LEAF_WORDS: 8,
    SET_LEAF_RANKS: 512,
    SET_NODE_LEAVES: 12,
    SET_GROUP_RANKS: 6144,
    LIST_MAX: 16,
    PORT_PAGE: 256,
    ANY_PROTOCOL: 256,
    MAX_EXT_HEADERS: 8,
    MAX_VLAN_TAGS: 2,
    MAX_BROADCASTS: 64,
    PORT_PAGES: 256,
    TABLE_UNIT: 128,
    ELEMENT_MOST: 64,
    SAMPLE_BYTES: 128
  },
  hash: {
    PAIR_FACTOR: 2654435761,
    PAIR_FOLD: 15,
    BLOCK_FACTOR_HIGH: 2654435769,
    BLOCK_FACTOR_LOW: 2135587861,
    FILTER_BIT_1: 26,
    FILTER_BIT_2: 32,
    FILTER_BIT_3: 38
  },
  direction: {
    INGRESS: 0,
    EGRESS: 1,
    DIRECTIONS: 2
  },
  slot: {
    NON_IP: 0,
    FRAGMENT: 1,
    MALFORMED_DROP: 2,
    MALFORMED_PASS: 3,
    VLAN_DEPTH_DROP: 4,
    VLAN_DEPTH_PASS: 5,
    EXT_HEADERS_DROP: 6,
    EXT_HEADERS_PASS: 7,
    NEIGHBOR_DISCOVERY: 8,
    BROADCAST: 9,
    MULTICAST: 10,
    RSVP: 11,
    IKE: 12,
    KERBEROS: 13,
    MULTICAST_LISTENER: 14,
    PATH_MTU: 15,
    DHCP: 16,
    SOURCE_ROUTED: 17,
    AGREED: 18,
    FIRST_NAMED: 32,
    UNCOUNTED: 1073741824
  },
  exemption: {
    EXEMPT_NEIGHBOR_DISCOVERY: 1,
    EXEMPT_BROADCAST: 2,
    EXEMPT_MULTICAST: 4,
    EXEMPT_RSVP: 8,
    EXEMPT_IKE: 16,
    EXEMPT_KERBEROS: 32,
    EXEMPT_MULTICAST_LISTENER: 64,
    EXEMPT_PATH_MTU: 128,
    EXEMPT_DHCP: 256
  },
  drop: {
    SOURCE_ROUTED: 1
  },
  plane: {
    TCP: 0,
    TCP_ESTABLISHED: 1,
    UDP: 2,
    SCTP: 3,
    PORT_PLANES: 4,
    ICMP: 4,
    ICMPV6: 5,
    WIDE_PLANES: 6,
    PROTOCOL: 6,
    FRAGMENT: 7,
    PLANES: 8,
    PORT_NUMBERS: 2048
  },
  gate: {
    CANDIDATE: 0,
    PREVIOUS: 1,
    PROGRAMS: 2
  },
  audit: {
    DROPPED: 0,
    PASSED: 1,
    VERDICTS: 2,
    PROGRAMS: 4
  },
  table: {
    src4_filter: 0,
    src4_index: 1,
    src4_leaves: 2,
    dst4_filter: 3,
    dst4_index: 4,
    dst4_leaves: 5,
    src6_filter: 6,
    src6_blocks: 7,
    src6_nodes: 8,
    dst6_filter: 9,
    dst6_blocks: 10,
    dst6_nodes: 11,
    dport_pages: 12,
    sport_pages: 13,
    cross4: 14,
    cross6: 15,
    src4_sets: 16,
    dst4_sets: 17,
    pairs4: 18,
    src6_sets: 19,
    dst6_sets: 20,
    pairs6: 21,
    rows: 22,
    subrows: 23,
    lists: 24,
    set_roots: 25,
    set_nodes: 26,
    set_leaves: 27,
    rank_slots: 28,
    TABLES: 29
  },
  address4_form: {
    ADDRESS4_ONE_CLASS: 0,
    ADDRESS4_INDEX: 16,
    ADDRESS4_FILTERED: 17
  },
  rule_mode: {
    RULES_DENSE: 0,
    RULES_ROWS: 1,
    RULES_SPARSE: 2,
    RULES_RANKS: 3
  },
  reference: {
    INDEX_LEAF_BIT: 31,
    INDEX_FAN_BIT: 30,
    INDEX_FAN_SHIFT: 26,
    NODE_LOW_BIT: 31,
    NODE_LINES_SHIFT: 27,
    BLOCK_TREE_BIT: 31,
    BLOCK_LEVEL_SHIFT: 24,
    SET_LIST_BIT: 31,
    SET_COUNT_SHIFT: 26,
    ROW_SUBROW_BIT: 31,
    VALUE_PERMIT_BIT: 0,
    VALUE_RANK_SHIFT: 1,
    RANK_MATCHED_BIT: 31
  },
  set_use: {
    USE_SRC_ALONE: 1,
    USE_DST_ALONE: 2,
    USE_BOTH: 4,
    USE_DPORT: 8,
    USE_SPORT: 16
  },
  need: {
    L4: 1,
    ESTABLISHED: 2,
    FRAGMENT: 4
  },
  live: {
    VERSION: 2,
    SETS: 16,
    LEVELS4: 9,
    LEVELS6: 15,
    LEVELS: 16,
    LEVEL_SHIFT: 4,
    BLOCK4: 24,
    BLOCK6: 48,
    SLOTS4: 7,
    SLOTS6: 3,
    PROBES: 16,
    STEPS: 16,
    PASSED_MANY: 255,
    COARSE_BIT: 31,
    COARSE_SHIFT: 10,
    NEVER: 4294967295
  },
  live_length6: {
    1: 128,
    2: 127,
    3: 124,
    4: 120,
    5: 112,
    6: 104,
    7: 96,
    8: 88,
    9: 80,
    10: 72,
    11: 64,
    12: 60,
    13: 56,
    14: 52,
    15: 48
  },
  live_hash: {
    LIVE_FACTOR_WORD: 2654435761,
    LIVE_FACTOR_LEVEL: 1640531527,
    LIVE_FACTOR_1: 2246822507,
    LIVE_FACTOR_2: 3266489909,
    LIVE_FOLD_WORD: 15,
    LIVE_FOLD_1: 16,
    LIVE_FOLD_2: 13
  },
  live_ends: {
    LIVE_SOURCE: 1,
    LIVE_DESTINATION: 2
  },
  element_bytes: {
    src4_filter: 8,
    src4_index: 4,
    src4_leaves: 64,
    dst4_filter: 8,
    dst4_index: 4,
    dst4_leaves: 64,
    src6_filter: 8,
    src6_blocks: 64,
    src6_nodes: 64,
    dst6_filter: 8,
    dst6_blocks: 64,
    dst6_nodes: 64,
    dport_pages: 2,
    sport_pages: 2,
    cross4: 4,
    cross6: 4,
    src4_sets: 4,
    dst4_sets: 4,
    pairs4: 64,
    src6_sets: 4,
    dst6_sets: 4,
    pairs6: 64,
    rows: 4,
    subrows: 4,
    lists: 16,
    set_roots: 4,
    set_nodes: 64,
    set_leaves: 64,
    rank_slots: 4
  },
  ring: {
    SIZE: 1048576,
    GROUPS: 1024
  }
} as const;

/** Byte sizes and offsets. */
export const STRUCTS = {
  tuple4: {
    size: 16,
    fields: {
      addresses_be: { offset: 0, size: 8 },
      ports_be: { offset: 8, size: 4 },
      protocol: { offset: 12, size: 1 },
      unused: { offset: 13, size: 1 },
      check_be: { offset: 14, size: 2 },
      group: { offset: 14, size: 2 }
    }
  },
  tuple6: {
    size: 40,
    fields: {
      addresses_be: { offset: 0, size: 32 },
      ports_be: { offset: 32, size: 4 },
      protocol: { offset: 36, size: 1 },
      unused: { offset: 37, size: 1 },
      group: { offset: 38, size: 2 }
    }
  },
  counter: {
    size: 24,
    fields: {
      packets: { offset: 0, size: 8 },
      bytes: { offset: 8, size: 8 },
      jiffies: { offset: 16, size: 8 }
    }
  },
  budget: {
    size: 32,
    fields: {
      next: { offset: 0, size: 8 },
      taken: { offset: 8, size: 8 },
      lost: { offset: 16, size: 8 },
      passes: { offset: 24, size: 8 }
    }
  },
  group: {
    size: 16,
    fields: {
      runs: { offset: 0, size: 8 },
      ns: { offset: 8, size: 8 }
    }
  },
  shape: {
    size: 292,
    fields: {
      layout_version: { offset: 0, size: 4 },
      strict: { offset: 4, size: 4 },
      exemptions: { offset: 8, size: 4 },
      drops: { offset: 12, size: 4 },
      default_value: { offset: 16, size: 4 },
      dport_classes: { offset: 20, size: 4 },
      sport_classes: { offset: 24, size: 4 },
      set_groups: { offset: 28, size: 4 },
      set_deep: { offset: 32, size: 4 },
      set_use: { offset: 36, size: 4 },
      dport_row: { offset: 40, size: 4 },
      sport_row: { offset: 44, size: 4 },
      dport_numbered: { offset: 48, size: 4 },
      sport_numbered: { offset: 52, size: 4 },
      src4_shape: { offset: 56, size: 8 },
      dst4_shape: { offset: 64, size: 8 },
      src6_shape: { offset: 72, size: 32 },
      dst6_shape: { offset: 104, size: 32 },
      rules4: { offset: 136, size: 20 },
      rules6: { offset: 156, size: 20 },
      limits: { offset: 176, size: 116 }
    }
  },
  address4_shape: {
    size: 8,
    fields: {
      form: { offset: 0, size: 4 },
      wide: { offset: 4, size: 4 }
    }
  },
  address6_shape: {
    size: 32,
    fields: {
      lines: { offset: 0, size: 4 },
      root_bounds: { offset: 4, size: 4 },
      root_hosts: { offset: 8, size: 4 },
      block_levels: { offset: 12, size: 4 },
      front_shift: { offset: 16, size: 4 },
      filter_first: { offset: 20, size: 4 },
      filter_shift: { offset: 24, size: 4 },
      bucket_shift: { offset: 28, size: 4 }
    }
  },
  rule_shape: {
    size: 20,
    fields: {
      mode: { offset: 0, size: 4 },
      dst_classes: { offset: 4, size: 4 },
      bucket_mask: { offset: 8, size: 4 },
      src_row: { offset: 12, size: 4 },
      dst_row: { offset: 16, size: 4 }
    }
  },
  live_shape: {
    size: 4152,
    fields: {
      live4: { offset: 0, size: 28 },
      live6: { offset: 28, size: 28 },
      src4_classes: { offset: 56, size: 1024 },
      dst4_classes: { offset: 1080, size: 1024 },
      src6_classes: { offset: 2104, size: 1024 },
      dst6_classes: { offset: 3128, size: 1024 }
    }
  },
  live_table_shape: {
    size: 28,
    fields: {
      levels: { offset: 0, size: 4 },
      ends: { offset: 4, size: 4 },
      filter_shift: { offset: 8, size: 4 },
      buckets_at: { offset: 12, size: 4 },
      buckets: { offset: 16, size: 4 },
      bytes: { offset: 20, size: 4 },
      only_set: { offset: 24, size: 4 }
    }
  },
  sampling: {
    size: 40,
    fields: {
      until: { offset: 0, size: 8 },
      interval: { offset: 8, size: 8 },
      slack: { offset: 16, size: 8 },
      passes: { offset: 24, size: 8 },
      reader: { offset: 32, size: 8 }
    }
  },
  trace: {
    size: 16,
    fields: {
      slot: { offset: 0, size: 4 },
      rank: { offset: 4, size: 4 },
      pass: { offset: 8, size: 4 },
      fragment: { offset: 12, size: 4 }
    }
  },
  leaf: {
    size: 64,
    fields: {
      bounds: { offset: 0, size: 32 },
      classes: { offset: 32, size: 32 }
    }
  },
  leaf_classes: {
    size: 64,
    fields: {
      classes: { offset: 0, size: 64 }
    }
  },
  root: {
    size: 64,
    fields: {
      bounds: { offset: 0, size: 32 },
      classes: { offset: 32, size: 32 }
    }
  },
  root6: {
    size: 384,
    fields: {
      bounds: { offset: 0, size: 128 },
      hosts_high: { offset: 128, size: 64 },
      hosts_low: { offset: 192, size: 64 },
      classes: { offset: 256, size: 128 }
    }
  },
  node: {
    size: 64,
    fields: {
      keys: { offset: 0, size: 56 },
      first: { offset: 56, size: 4 },
      last: { offset: 60, size: 4 }
    }
  },
  leaf6: {
    size: 64,
    fields: {
      keys: { offset: 0, size: 40 },
      values: { offset: 40, size: 24 }
    }
  },
  block_bucket: {
    size: 64,
    fields: {
      high: { offset: 0, size: 24 },
      low: { offset: 24, size: 24 },
      values: { offset: 48, size: 12 },
      overflowed: { offset: 60, size: 4 }
    }
  },
  bucket: {
    size: 64,
    fields: {
      keys: { offset: 0, size: 28 },
      overflowed: { offset: 28, size: 4 },
      sets: { offset: 32, size: 28 },
      zero: { offset: 60, size: 4 }
    }
  },
  set_leaf: {
    size: 64,
    fields: {
      words: { offset: 0, size: 64 }
    }
  },
  set_node: {
    size: 64,
    fields: {
      words_low: { offset: 0, size: 8 },
      words_high: { offset: 8, size: 4 },
      leaves: { offset: 12, size: 48 },
      zero: { offset: 60, size: 4 }
    }
  },
  list_entry: {
    size: 16,
    fields: {
      dport_lo: { offset: 0, size: 2 },
      dport_hi: { offset: 2, size: 2 },
      sport_lo: { offset: 4, size: 2 },
      sport_hi: { offset: 6, size: 2 },
      protocol: { offset: 8, size: 2 },
      need: { offset: 10, size: 2 },
      value: { offset: 12, size: 4 }
    }
  },
  sample: {
    size: 160,
    fields: {
      nanoseconds: { offset: 0, size: 8 },
      ifindex: { offset: 8, size: 4 },
      slot: { offset: 12, size: 4 },
      rank: { offset: 16, size: 4 },
      bytes: { offset: 20, size: 4 },
      captured: { offset: 24, size: 2 },
      direction: { offset: 26, size: 1 },
      pass: { offset: 27, size: 1 },
      vlan_tci: { offset: 28, size: 2 },
      vlan_type: { offset: 30, size: 2 },
      data: { offset: 32, size: 128 }
    }
  },
  live_head: {
    size: 64,
    fields: {
      epoch: { offset: 0, size: 8 },
      seed: { offset: 8, size: 4 },
      capacity: { offset: 12, size: 4 },
      writer: { offset: 16, size: 4 },
      version: { offset: 20, size: 4 },
      unused: { offset: 24, size: 40 }
    }
  },
  live_bucket4: {
    size: 64,
    fields: {
      ids: { offset: 0, size: 7 },
      passed: { offset: 7, size: 1 },
      ends: { offset: 8, size: 28 },
      keys: { offset: 36, size: 28 }
    }
  },
  live_bucket6: {
    size: 64,
    fields: {
      ids: { offset: 0, size: 3 },
      passed: { offset: 3, size: 1 },
      ends: { offset: 4, size: 12 },
      highs: { offset: 16, size: 24 },
      lows: { offset: 40, size: 24 }
    }
  }
} as const;

/** struct xdpol_address4_shape */
export interface Address4ShapeFields {
  readonly form: number;
  readonly wide: number;
}

/** struct xdpol_address6_shape */
export interface Address6ShapeFields {
  readonly lines: number;
  readonly rootBounds: number;
  readonly rootHosts: number;
  readonly blockLevels: number;
  readonly frontShift: number;
  readonly filterFirst: number;
  readonly filterShift: number;
  readonly bucketShift: number;
}

/** struct xdpol_rule_shape */
export interface RuleShapeFields {
  readonly mode: number;
  readonly dstClasses: number;
  readonly bucketMask: number;
  readonly srcRow: number;
  readonly dstRow: number;
}

/** struct xdpol_shape */
export interface ShapeFields {
  readonly layoutVersion: number;
  readonly strict: number;
  readonly exemptions: number;
  readonly drops: number;
  readonly defaultValue: number;
  readonly dportClasses: number;
  readonly sportClasses: number;
  readonly setGroups: number;
  readonly setDeep: number;
  readonly setUse: number;
  readonly dportRow: number;
  readonly sportRow: number;
  readonly dportNumbered: number;
  readonly sportNumbered: number;
  readonly src4Shape: Address4ShapeFields;
  readonly dst4Shape: Address4ShapeFields;
  readonly src6Shape: Address6ShapeFields;
  readonly dst6Shape: Address6ShapeFields;
  readonly rules4: RuleShapeFields;
  readonly rules6: RuleShapeFields;
  readonly limits: readonly number[];
}

/** struct xdpol_list_entry */
export interface ListEntryFields {
  readonly dportLo: number;
  readonly dportHi: number;
  readonly sportLo: number;
  readonly sportHi: number;
  readonly protocol: number;
  readonly need: number;
  readonly value: number;
}

/** struct xdpol_trace */
export interface TraceFields {
  readonly slot: number;
  readonly rank: number;
  readonly pass: number;
  readonly fragment: number;
}

export function writeAddress4Shape(view: DataView, at: number, fields: Address4ShapeFields): void {
  view.setUint32(at + 0, fields.form, true);
  view.setUint32(at + 4, fields.wide, true);
}

export function writeAddress6Shape(view: DataView, at: number, fields: Address6ShapeFields): void {
  view.setUint32(at + 0, fields.lines, true);
  view.setUint32(at + 4, fields.rootBounds, true);
  view.setUint32(at + 8, fields.rootHosts, true);
  view.setUint32(at + 12, fields.blockLevels, true);
  view.setUint32(at + 16, fields.frontShift, true);
  view.setUint32(at + 20, fields.filterFirst, true);
  view.setUint32(at + 24, fields.filterShift, true);
  view.setUint32(at + 28, fields.bucketShift, true);
}

export function writeRuleShape(view: DataView, at: number, fields: RuleShapeFields): void {
  view.setUint32(at + 0, fields.mode, true);
  view.setUint32(at + 4, fields.dstClasses, true);
  view.setUint32(at + 8, fields.bucketMask, true);
  view.setUint32(at + 12, fields.srcRow, true);
  view.setUint32(at + 16, fields.dstRow, true);
}

export function writeShape(view: DataView, at: number, fields: ShapeFields): void {
  view.setUint32(at + 0, fields.layoutVersion, true);
  view.setUint32(at + 4, fields.strict, true);
  view.setUint32(at + 8, fields.exemptions, true);
  view.setUint32(at + 12, fields.drops, true);
  view.setUint32(at + 16, fields.defaultValue, true);
  view.setUint32(at + 20, fields.dportClasses, true);
  view.setUint32(at + 24, fields.sportClasses, true);
  view.setUint32(at + 28, fields.setGroups, true);
  view.setUint32(at + 32, fields.setDeep, true);
  view.setUint32(at + 36, fields.setUse, true);
  view.setUint32(at + 40, fields.dportRow, true);
  view.setUint32(at + 44, fields.sportRow, true);
  view.setUint32(at + 48, fields.dportNumbered, true);
  view.setUint32(at + 52, fields.sportNumbered, true);
  writeAddress4Shape(view, at + 56, fields.src4Shape);
  writeAddress4Shape(view, at + 64, fields.dst4Shape);
  writeAddress6Shape(view, at + 72, fields.src6Shape);
  writeAddress6Shape(view, at + 104, fields.dst6Shape);
  writeRuleShape(view, at + 136, fields.rules4);
  writeRuleShape(view, at + 156, fields.rules6);
  for (const [i, value] of fields.limits.entries()) view.setUint32(at + 176 + 4 * i, value, true);
}

export function writeListEntry(view: DataView, at: number, fields: ListEntryFields): void {
  view.setUint16(at + 0, fields.dportLo, true);
  view.setUint16(at + 2, fields.dportHi, true);
  view.setUint16(at + 4, fields.sportLo, true);
  view.setUint16(at + 6, fields.sportHi, true);
  view.setUint16(at + 8, fields.protocol, true);
  view.setUint16(at + 10, fields.need, true);
  view.setUint32(at + 12, fields.value, true);
}

export function readAddress4Shape(view: DataView, at: number): Address4ShapeFields {
  return {
    form: view.getUint32(at + 0, true),
    wide: view.getUint32(at + 4, true),
  };
}

export function readAddress6Shape(view: DataView, at: number): Address6ShapeFields {
  return {
    lines: view.getUint32(at + 0, true),
    rootBounds: view.getUint32(at + 4, true),
    rootHosts: view.getUint32(at + 8, true),
    blockLevels: view.getUint32(at + 12, true),
    frontShift: view.getUint32(at + 16, true),
    filterFirst: view.getUint32(at + 20, true),
    filterShift: view.getUint32(at + 24, true),
    bucketShift: view.getUint32(at + 28, true),
  };
}

export function readRuleShape(view: DataView, at: number): RuleShapeFields {
  return {
    mode: view.getUint32(at + 0, true),
    dstClasses: view.getUint32(at + 4, true),
    bucketMask: view.getUint32(at + 8, true),
    srcRow: view.getUint32(at + 12, true),
    dstRow: view.getUint32(at + 16, true),
  };
}

export function readShape(view: DataView, at: number): ShapeFields {
  return {
    layoutVersion: view.getUint32(at + 0, true),
    strict: view.getUint32(at + 4, true),
    exemptions: view.getUint32(at + 8, true),
    drops: view.getUint32(at + 12, true),
    defaultValue: view.getUint32(at + 16, true),
    dportClasses: view.getUint32(at + 20, true),
    sportClasses: view.getUint32(at + 24, true),
    setGroups: view.getUint32(at + 28, true),
    setDeep: view.getUint32(at + 32, true),
    setUse: view.getUint32(at + 36, true),
    dportRow: view.getUint32(at + 40, true),
    sportRow: view.getUint32(at + 44, true),
    dportNumbered: view.getUint32(at + 48, true),
    sportNumbered: view.getUint32(at + 52, true),
    src4Shape: readAddress4Shape(view, at + 56),
    dst4Shape: readAddress4Shape(view, at + 64),
    src6Shape: readAddress6Shape(view, at + 72),
    dst6Shape: readAddress6Shape(view, at + 104),
    rules4: readRuleShape(view, at + 136),
    rules6: readRuleShape(view, at + 156),
    limits: Array.from({ length: 29 }, (_, i) => view.getUint32(at + 176 + 4 * i, true)),
  };
}

export function readTrace(view: DataView, at: number): TraceFields {
  return {
    slot: view.getUint32(at + 0, true),
    rank: view.getUint32(at + 4, true),
    pass: view.getUint32(at + 8, true),
    fragment: view.getUint32(at + 12, true),
  };
}
