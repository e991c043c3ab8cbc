// Generated from the BTF of bpf/xdpol.bpf.c by `npm run generate`: change bpf/layout.h, not this file.

/** Constants by enum, without their prefix. */
export const ENUMS = {
  layout: {
    VERSION: 5,
    LEAF_BOUNDS: 15,
    ROOT_BOUNDS: 8,
    NODE_KEYS: 7,
    LEAF6_KEYS: 5,
    TREE_DEPTH: 12,
    BLOCK_LEVELS: 10,
    BLOCK_FIRST: 32,
    BLOCK_STEP: 4,
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
    TABLE_UNIT: 128,
    SAMPLE_BYTES: 128
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
    FIRST_NAMED: 32
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
    PLANES: 8
  },
  gate: {
    CANDIDATE: 0,
    PREVIOUS: 1,
    PROGRAMS: 2
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
    BLOCK_LEVEL_SHIFT: 16,
    SET_LIST_BIT: 31,
    SET_COUNT_SHIFT: 26,
    ROW_SUBROW_BIT: 31,
    VALUE_PERMIT_BIT: 0,
    VALUE_RANK_SHIFT: 1
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
  }
} as const;

/** Byte sizes and offsets. */
export const STRUCTS = {
  counter: {
    size: 24,
    fields: {
      packets: {
        offset: 0,
        size: 8
      },
      bytes: {
        offset: 8,
        size: 8
      },
      jiffies: {
        offset: 16,
        size: 8
      }
    }
  },
  budget: {
    size: 32,
    fields: {
      next: {
        offset: 0,
        size: 8
      },
      taken: {
        offset: 8,
        size: 8
      },
      lost: {
        offset: 16,
        size: 8
      },
      passes: {
        offset: 24,
        size: 8
      }
    }
  },
  shape: {
    size: 272,
    fields: {
      layout_version: {
        offset: 0,
        size: 4
      },
      strict: {
        offset: 4,
        size: 4
      },
      exemptions: {
        offset: 8,
        size: 4
      },
      drops: {
        offset: 12,
        size: 4
      },
      trace: {
        offset: 16,
        size: 4
      },
      default_value: {
        offset: 20,
        size: 4
      },
      dport_classes: {
        offset: 24,
        size: 4
      },
      sport_classes: {
        offset: 28,
        size: 4
      },
      set_groups: {
        offset: 32,
        size: 4
      },
      set_deep: {
        offset: 36,
        size: 4
      },
      set_use: {
        offset: 40,
        size: 4
      },
      dport_row: {
        offset: 44,
        size: 4
      },
      sport_row: {
        offset: 48,
        size: 4
      },
      src4_shape: {
        offset: 52,
        size: 12
      },
      dst4_shape: {
        offset: 64,
        size: 12
      },
      src6_shape: {
        offset: 76,
        size: 20
      },
      dst6_shape: {
        offset: 96,
        size: 20
      },
      rules4: {
        offset: 116,
        size: 20
      },
      rules6: {
        offset: 136,
        size: 20
      },
      bytes: {
        offset: 156,
        size: 116
      }
    }
  },
  address4_shape: {
    size: 12,
    fields: {
      indexed: {
        offset: 0,
        size: 4
      },
      root_bounds: {
        offset: 4,
        size: 4
      },
      filtered: {
        offset: 8,
        size: 4
      }
    }
  },
  address6_shape: {
    size: 20,
    fields: {
      lines: {
        offset: 0,
        size: 4
      },
      root_bounds: {
        offset: 4,
        size: 4
      },
      block_levels: {
        offset: 8,
        size: 4
      },
      filter_shift: {
        offset: 12,
        size: 4
      },
      bucket_shift: {
        offset: 16,
        size: 4
      }
    }
  },
  rule_shape: {
    size: 20,
    fields: {
      mode: {
        offset: 0,
        size: 4
      },
      dst_classes: {
        offset: 4,
        size: 4
      },
      bucket_mask: {
        offset: 8,
        size: 4
      },
      src_row: {
        offset: 12,
        size: 4
      },
      dst_row: {
        offset: 16,
        size: 4
      }
    }
  },
  sampling: {
    size: 40,
    fields: {
      until: {
        offset: 0,
        size: 8
      },
      interval: {
        offset: 8,
        size: 8
      },
      slack: {
        offset: 16,
        size: 8
      },
      passes: {
        offset: 24,
        size: 8
      },
      reader: {
        offset: 32,
        size: 8
      }
    }
  },
  trace: {
    size: 16,
    fields: {
      slot: {
        offset: 0,
        size: 4
      },
      rank: {
        offset: 4,
        size: 4
      },
      pass: {
        offset: 8,
        size: 4
      },
      fragment: {
        offset: 12,
        size: 4
      }
    }
  },
  leaf: {
    size: 64,
    fields: {
      bounds: {
        offset: 0,
        size: 32
      },
      classes: {
        offset: 32,
        size: 32
      }
    }
  },
  root: {
    size: 64,
    fields: {
      bounds: {
        offset: 0,
        size: 32
      },
      classes: {
        offset: 32,
        size: 32
      }
    }
  },
  root6: {
    size: 160,
    fields: {
      bounds: {
        offset: 0,
        size: 128
      },
      classes: {
        offset: 128,
        size: 32
      }
    }
  },
  node: {
    size: 64,
    fields: {
      keys: {
        offset: 0,
        size: 56
      },
      first: {
        offset: 56,
        size: 4
      },
      last: {
        offset: 60,
        size: 4
      }
    }
  },
  leaf6: {
    size: 64,
    fields: {
      keys: {
        offset: 0,
        size: 40
      },
      values: {
        offset: 40,
        size: 24
      }
    }
  },
  block_bucket: {
    size: 64,
    fields: {
      high: {
        offset: 0,
        size: 24
      },
      low: {
        offset: 24,
        size: 24
      },
      values: {
        offset: 48,
        size: 12
      },
      overflowed: {
        offset: 60,
        size: 4
      }
    }
  },
  bucket: {
    size: 64,
    fields: {
      keys: {
        offset: 0,
        size: 28
      },
      overflowed: {
        offset: 28,
        size: 4
      },
      sets: {
        offset: 32,
        size: 28
      },
      zero: {
        offset: 60,
        size: 4
      }
    }
  },
  set_leaf: {
    size: 64,
    fields: {
      words: {
        offset: 0,
        size: 64
      }
    }
  },
  set_node: {
    size: 64,
    fields: {
      words_low: {
        offset: 0,
        size: 8
      },
      words_high: {
        offset: 8,
        size: 4
      },
      leaves: {
        offset: 12,
        size: 48
      },
      zero: {
        offset: 60,
        size: 4
      }
    }
  },
  list_entry: {
    size: 16,
    fields: {
      dport_lo: {
        offset: 0,
        size: 2
      },
      dport_hi: {
        offset: 2,
        size: 2
      },
      sport_lo: {
        offset: 4,
        size: 2
      },
      sport_hi: {
        offset: 6,
        size: 2
      },
      protocol: {
        offset: 8,
        size: 2
      },
      need: {
        offset: 10,
        size: 2
      },
      value: {
        offset: 12,
        size: 4
      }
    }
  },
  sample: {
    size: 160,
    fields: {
      nanoseconds: {
        offset: 0,
        size: 8
      },
      ifindex: {
        offset: 8,
        size: 4
      },
      slot: {
        offset: 12,
        size: 4
      },
      rank: {
        offset: 16,
        size: 4
      },
      bytes: {
        offset: 20,
        size: 4
      },
      captured: {
        offset: 24,
        size: 2
      },
      direction: {
        offset: 26,
        size: 1
      },
      pass: {
        offset: 27,
        size: 1
      },
      vlan_tci: {
        offset: 28,
        size: 2
      },
      vlan_type: {
        offset: 30,
        size: 2
      },
      data: {
        offset: 32,
        size: 128
      }
    }
  }
} as const;
