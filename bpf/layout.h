/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * The only definition of what crosses the kernel boundary. src/layout/layout.gen.ts is made from
 * the BTF of the compiled object; sizes are asserted so that padding cannot creep in. Constants
 * are enums, not #defines: macros leave no trace in BTF.
 */
#pragma once
#include <linux/types.h>

#include "live-layout.h"

enum xdpol_layout {
	XDPOL_LAYOUT_VERSION = 10,
	XDPOL_LEAF_BOUNDS = 15,	 /* ranges of one leaf: these and one before the first bound */
	XDPOL_LEAF_CLASSES = XDPOL_LEAF_BOUNDS + 1,
	XDPOL_ROOT_BOUNDS = 8,	 /* the same for a root leaf, which holds a whole table */
	XDPOL_HALVES = 2,	 /* of the IPv6 addresses, by the first bit */
	XDPOL_ROOT_HOSTS = 8,	 /* single IPv6 addresses in a root */
	XDPOL_ROOT6_CLASSES = 64,
	XDPOL_NODE_KEYS = 7,	 /* bounds of one IPv6 tree node, between its 8 children */
	XDPOL_LEAF6_KEYS = 5,	 /* bounds of one IPv6 leaf, between its 6 values */
	XDPOL_TREE_DEPTH = 12,	 /* lines on the way down one tree at most: 8^12 is more than any table has */
	XDPOL_BLOCK_LEVELS = 10, /* lengths of IPv6 blocks: 32, 36, ... 64, and 128 */
	XDPOL_BLOCK_FIRST = 32,
	XDPOL_BLOCK_STEP = 4,
	XDPOL_FRONT_LEVEL = 4,	 /* of the /48: the front of the filter stands for it and for longer blocks */
	XDPOL_BLOCK_SLOTS = 3,	/* blocks in one bucket */
	XDPOL_BLOCK_PROBES = 8, /* buckets searched for one block */
	XDPOL_BUCKET_SLOTS = 7,	 /* (source, destination) pairs in one sparse bucket */
	XDPOL_BUCKET_PROBES = 3, /* buckets searched for one pair */
	XDPOL_SET_LEAF_WORDS = 8, /* of 64 ranks each: a leaf of a rank set is a cache line */
	XDPOL_SET_LEAF_RANKS = 64 * XDPOL_SET_LEAF_WORDS,
	XDPOL_SET_NODE_LEAVES = 12, /* so is a node */
	XDPOL_SET_GROUP_RANKS = XDPOL_SET_LEAF_RANKS * XDPOL_SET_NODE_LEAVES, /* of one node */
	XDPOL_LIST_MAX = 16,	 /* entries of a rule list */
	XDPOL_PORT_PAGE = 256,
	XDPOL_ANY_PROTOCOL = 256,
	XDPOL_MAX_EXT_HEADERS = 8,
	XDPOL_MAX_VLAN_TAGS = 2,
	XDPOL_MAX_BROADCASTS = 64, /* subnets of one host whose broadcast addresses the program knows */
	XDPOL_PORT_PAGES = 256,	 /* up to which the table of pages is as large as a 16-bit number reaches */
	XDPOL_TABLE_UNIT = 128, /* the size of a table is a multiple of this, and not 0 */
	XDPOL_ELEMENT_MOST = 64, /* bytes: an element that begins at the limit of a table ends within it */
	XDPOL_SAMPLE_BYTES = 128, /* of a packet that a sample has */
};

/*
 * How keys are hashed. A pair of classes: the product with the factor, folded. An IPv6 block: the 64-bit product; its
 * first bits pick the bucket and the word of the filter, and six bits from each of three places a bit of that word.
 */
enum xdpol_hash {
	XDPOL_PAIR_FACTOR = 2654435761,
	XDPOL_PAIR_FOLD = 15,
	XDPOL_BLOCK_FACTOR_HIGH = 0x9e3779b9, /* 2^64 divided by the golden ratio, odd */
	XDPOL_BLOCK_FACTOR_LOW = 0x7f4a7c15,
	XDPOL_FILTER_BIT_1 = 26,
	XDPOL_FILTER_BIT_2 = 32,
	XDPOL_FILTER_BIT_3 = 38,
};

/* Directions split every counter: index = 2 * slot + direction. */
enum xdpol_direction {
	XDPOL_INGRESS = 0,
	XDPOL_EGRESS = 1,
	XDPOL_DIRECTIONS = 2,
};

/* Counter slots with a fixed meaning. Rules and defaults get theirs from FIRST_NAMED on. */
enum xdpol_slot {
	XDPOL_SLOT_NON_IP = 0,
	XDPOL_SLOT_FRAGMENT = 1, /* later fragments, counted besides what decided them */
	XDPOL_SLOT_MALFORMED_DROP = 2,
	XDPOL_SLOT_MALFORMED_PASS = 3,
	XDPOL_SLOT_VLAN_DEPTH_DROP = 4,
	XDPOL_SLOT_VLAN_DEPTH_PASS = 5,
	XDPOL_SLOT_EXT_HEADERS_DROP = 6,
	XDPOL_SLOT_EXT_HEADERS_PASS = 7,
	XDPOL_SLOT_NEIGHBOR_DISCOVERY = 8,
	XDPOL_SLOT_BROADCAST = 9,
	XDPOL_SLOT_MULTICAST = 10,
	XDPOL_SLOT_RSVP = 11,
	XDPOL_SLOT_IKE = 12,
	XDPOL_SLOT_KERBEROS = 13,
	XDPOL_SLOT_MULTICAST_LISTENER = 14,
	XDPOL_SLOT_PATH_MTU = 15,
	XDPOL_SLOT_DHCP = 16,
	XDPOL_SLOT_SOURCE_ROUTED = 17,
	XDPOL_SLOT_AGREED = 18, /* of an audit: both policies decided the packet alike */
	XDPOL_SLOT_FIRST_NAMED = 32, /* it may move: counters that were pinned before it did are read by where it was */
	XDPOL_SLOT_UNCOUNTED = 1 << 30, /* added to a slot: no counter has that index, so the packet is traced instead */
};

/* A bit each; exempt.h says what they cover and where they are counted. */
enum xdpol_exemption {
	XDPOL_EXEMPT_NEIGHBOR_DISCOVERY = 1,
	XDPOL_EXEMPT_BROADCAST = 2,
	XDPOL_EXEMPT_MULTICAST = 4,
	XDPOL_EXEMPT_RSVP = 8,
	XDPOL_EXEMPT_IKE = 16,
	XDPOL_EXEMPT_KERBEROS = 32,
	XDPOL_EXEMPT_MULTICAST_LISTENER = 64,
	XDPOL_EXEMPT_PATH_MTU = 128,
	XDPOL_EXEMPT_DHCP = 256,
};

/* Packets that are dropped whatever the filters and exemptions say: a bit each. */
enum xdpol_drop {
	XDPOL_DROP_SOURCE_ROUTED = 1,
};

/*
 * What a packet's service key counts in: each plane is a key space of its own in the port pages.
 * The first PORT_PLANES have source ports. A fragment without its ports has only a protocol.
 */
enum xdpol_plane {
	XDPOL_PLANE_TCP = 0,
	XDPOL_PLANE_TCP_ESTABLISHED = 1,
	XDPOL_PLANE_UDP = 2,
	XDPOL_PLANE_SCTP = 3,
	XDPOL_PORT_PLANES = 4,
	XDPOL_PLANE_ICMP = 4,	/* key = type << 8 | code */
	XDPOL_PLANE_ICMPV6 = 5, /* key = type << 8 | code */
	XDPOL_WIDE_PLANES = 6,	/* planes of 65536 keys; those after have one page */
	XDPOL_PLANE_PROTOCOL = 6, /* key = protocol number */
	XDPOL_PLANE_FRAGMENT = 7, /* key = protocol number */
	XDPOL_PLANES = 8,
	XDPOL_PORT_NUMBERS = XDPOL_PLANES * 256, /* places of pages: of a narrow plane only the first is one */
};

/*
 * Slots of the program array by which the policy in force hands a packet that it has decided to a policy on trial: by
 * direction and by what was decided. Empty where there is none.
 */
enum xdpol_audit {
	XDPOL_AUDIT_DROPPED = 0,
	XDPOL_AUDIT_PASSED = 1,
	XDPOL_AUDIT_VERDICTS = 2,
	XDPOL_AUDIT_PROGRAMS = 4,
};

/* Whose program is in which slot of a gate's program array. */
enum xdpol_gate {
	XDPOL_GATE_CANDIDATE = 0,
	XDPOL_GATE_PREVIOUS = 1,
	XDPOL_GATE_PROGRAMS = 2,
};

/*
 * The tables of a policy, each with the type of its elements: table(name, element). Enumeration, sections, element
 * sizes and the names that userspace knows all come from this list. Each table is one element of an exact-size array,
 * put in for `.data.<name>`.
 */
#define XDPOL_EACH_TABLE(table)                                                                                      \
	/* IPv4 address -> class. The filter has a bit for each /24, set where the class is not 0: [2^18]. The index */ \
	/* is by the first 16 bits of the address: class, leaf, or fan of leaves. Leaves may be one xdpol_root instead. */ \
	table(src4_filter, __u64) table(src4_index, __u32) table(src4_leaves, struct xdpol_leaf)                     \
	table(dst4_filter, __u64) table(dst4_index, __u32) table(dst4_leaves, struct xdpol_leaf)                     \
	/* IPv6 address -> class. The filter: by the hash of a block, three bits that are set for every block there */ \
	/* is. Nodes and leaves of the trees, the two roots first; or one xdpol_root6. */                            \
	table(src6_filter, __u64) table(src6_blocks, struct xdpol_block_bucket) table(src6_nodes, struct xdpol_node) \
	table(dst6_filter, __u64) table(dst6_blocks, struct xdpol_block_bucket) table(dst6_nodes, struct xdpol_node) \
	/* (plane, port) -> class: where the page of each 256 ports begins, XDPOL_PORT_NUMBERS of them, then the pages, */ \
	/* [][XDPOL_PORT_PAGE]. More than XDPOL_PORT_PAGES pages: their numbers instead. */                            \
	table(dport_pages, __u16) table(sport_pages, __u16)                                                          \
	/* [source classes][destination classes] -> rule set (rows), or dense: [][][services][source ports] -> rule value */ \
	table(cross4, __u32) table(cross6, __u32)                                                                    \
	/* sparse: sets of rules that look at one address only, and a hash of the pairs that matter */               \
	table(src4_sets, __u32) table(dst4_sets, __u32) table(pairs4, struct xdpol_bucket)                           \
	table(src6_sets, __u32) table(dst6_sets, __u32) table(pairs6, struct xdpol_bucket)                           \
	/* A rule set is a row by destination port class (rule value, or subrow), or a short list; a subrow is by */ \
	/* source port class. */                                                                                     \
	table(rows, __u32) table(subrows, __u32) table(lists, struct xdpol_list_entry)                               \
	/* ranks: for each class the set of the ranks that it matches, as a tree; the first rank common to all */     \
	/* decides. Roots are numbers of nodes, [rows][set_groups], and not there where nodes are numbered by row */  \
	/* and group; of roots the first node is the empty one. Leaves: the empty one, one for each block of ranks */ \
	/* that permit, the others. Slots: the counter slot by rank; the last is the default's. */                   \
	table(set_roots, __u32) table(set_nodes, struct xdpol_set_node) table(set_leaves, struct xdpol_set_leaf)     \
	table(rank_slots, __u32)

#define XDPOL_TABLE_NUMBER(name, element) XDPOL_TABLE_##name,

enum xdpol_table {
	XDPOL_EACH_TABLE(XDPOL_TABLE_NUMBER) XDPOL_TABLES,
};

enum xdpol_rule_mode {
	XDPOL_RULES_DENSE = 0,
	XDPOL_RULES_ROWS = 1,
	XDPOL_RULES_SPARSE = 2,
	XDPOL_RULES_RANKS = 3,
};

/*
 * References inside tables, told apart by their top bits. An index entry is a class, one leaf, or a
 * fan: 2^k leaves picked by the next k address bits. A set is a row, or a list of 1..16 entries.
 */
enum xdpol_reference {
	XDPOL_INDEX_LEAF_BIT = 31,
	XDPOL_INDEX_FAN_BIT = 30,
	XDPOL_INDEX_FAN_SHIFT = 26, /* 4 bits: k */
	XDPOL_NODE_LOW_BIT = 31,    /* the value is the root of a tree over the low half of the address */
	XDPOL_NODE_LINES_SHIFT = 27, /* 4 bits: lines on the way down it, counted from 1 */
	XDPOL_BLOCK_TREE_BIT = 31,  /* the block has prefixes longer than 64 bits: ask the tree */
	XDPOL_BLOCK_LEVEL_SHIFT = 24, /* 7 bits: the level, counted from 1; 0: free. Below: the class */
	XDPOL_SET_LIST_BIT = 31,
	XDPOL_SET_COUNT_SHIFT = 26, /* 5 bits: entries of the list */
	XDPOL_ROW_SUBROW_BIT = 31,
	XDPOL_VALUE_PERMIT_BIT = 0, /* a rule value: rank << 1 | permit; the lowest value decides */
	XDPOL_VALUE_RANK_SHIFT = 1,
	XDPOL_RANK_MATCHED_BIT = 31, /* of an entry of rank_slots: the filter has decided a packet. The program sets it */
};

/* What the filters of a policy with rank sets ask for: other sets are not looked at. */
enum xdpol_set_use {
	XDPOL_USE_SRC_ALONE = 1, /* a source address, or none, and no destination address */
	XDPOL_USE_DST_ALONE = 2,
	XDPOL_USE_BOTH = 4,
	XDPOL_USE_DPORT = 8, /* what destination service classes tell apart */
	XDPOL_USE_SPORT = 16,
};

/* Conditions of a list entry that not every packet can meet. */
enum xdpol_need {
	XDPOL_NEED_L4 = 1, /* ports, type or flags: not a later fragment */
	XDPOL_NEED_ESTABLISHED = 2,
	XDPOL_NEED_FRAGMENT = 4, /* a later fragment */
};

/* One cache line: the class of the range that holds a 16-bit key. Unused bounds are 0xffff and repeat the last class. */
struct xdpol_leaf {
	__u16 bounds[XDPOL_LEAF_BOUNDS + 1]; /* the last is not used */
	__u16 classes[XDPOL_LEAF_CLASSES]; /* not of a wide leaf */
};

/* Of a wide leaf the next line: the classes in place of those above, where 16 bits do not hold them. */
struct xdpol_leaf_classes {
	__u32 classes[XDPOL_LEAF_CLASSES];
};

struct xdpol_root {
	__u32 bounds[XDPOL_ROOT_BOUNDS]; /* unused: not compared, shape.root_bounds tells */
	__u16 classes[XDPOL_LEAF_CLASSES];
};

/*
 * A whole table as well, where every bound is one of the high half or of a single address. The first bit picks the bounds,
 * as it does the root of a tree (below); those of it that are not used are its last ones and repeat the last class.
 */
struct xdpol_root6 {
	__u64 bounds[XDPOL_HALVES][XDPOL_ROOT_BOUNDS];
	__u64 hosts_high[XDPOL_ROOT_HOSTS]; /* unused: not compared, shape.root_hosts tells */
	__u64 hosts_low[XDPOL_ROOT_HOSTS];
	__u16 classes[XDPOL_ROOT6_CLASSES]; /* of the ranges without and with the first bit, XDPOL_LEAF_CLASSES each; of the hosts */
};

/*
 * An inner line of a tree. Key i is the lowest of child i + 1; unused ones repeat the last. Children stand in a row.
 * In a tree over the high half all keys have the same first bit, which picks one of the two roots: then the first
 * bit of a difference says which of two is less.
 */
struct xdpol_node {
	__u64 keys[XDPOL_NODE_KEYS];
	__u32 first; /* line number of child 0 */
	__u32 last;  /* the last child, counted from 0 */
};

/* The last line of a tree: value i + 1 from key i on. Unused keys and values repeat the last. */
struct xdpol_leaf6 {
	__u64 keys[XDPOL_LEAF6_KEYS];
	__u32 values[XDPOL_LEAF6_KEYS + 1]; /* class, or a tree over the low half */
};

/* One cache line: blocks by what they begin with. Of a whole address both halves, of others only the block's bits. */
struct xdpol_block_bucket {
	__u64 high[XDPOL_BLOCK_SLOTS]; /* shifted right to the length of the level */
	__u64 low[XDPOL_BLOCK_SLOTS];
	__u32 values[XDPOL_BLOCK_SLOTS];
	__u32 overflowed;
};

struct xdpol_bucket {
	__u32 keys[XDPOL_BUCKET_SLOTS]; /* (source class << 16 | destination class) + 1; 0: free */
	__u32 overflowed;
	__u32 sets[XDPOL_BUCKET_SLOTS];
	__u32 zero;
};

/* One cache line each: ranks that lie side by side, one bit a rank; and the leaves of as many blocks in a row. */
struct xdpol_set_leaf {
	__u64 words[XDPOL_SET_LEAF_WORDS];
};

struct xdpol_set_node {
	__u64 words_low; /* a bit for each word of the leaves that is not 0 */
	__u32 words_high;
	__u32 leaves[XDPOL_SET_NODE_LEAVES];
	__u32 zero;
};

struct xdpol_list_entry {
	__u16 dport_lo, dport_hi;
	__u16 sport_lo, sport_hi;
	__u16 protocol; /* or XDPOL_ANY_PROTOCOL */
	__u16 need;
	__u32 value;
};

/* Per CPU. Only the data plane adds, only userspace reads. */
struct xdpol_counter {
	__u64 packets;
	__u64 bytes;	/* of frames, from the Ethernet header on, without FCS */
	__u64 jiffies;	/* when the last packet was counted */
};

/* What decided the last packet that no counter was there for: of test runs, before a program is attached. */
struct xdpol_trace {
	__u32 slot;
	__u32 rank;	 /* of the deciding filter; of the default: the number of ranks */
	__u32 pass;
	__u32 fragment; /* 1: a later fragment */
};

/*
 * Turns samples on: one for all programs of an interface. Written by userspace, which moves `until` on while it reads, so
 * that samples end by themselves where the reader was killed.
 */
struct xdpol_sampling {
	__u64 until;	/* jiffies64; 0: no samples are taken */
	__u64 interval; /* jiffies between two samples of one rule, in the long run */
	__u64 slack;	/* jiffies that a rule may be ahead of that: how many samples it may take at once */
	__u64 passes;	/* 0: none of a packet that passes, whatever its budget says */
	__u64 reader;	/* who reads, until `until`: a ring has one reader. Only userspace looks at it */
};

/* Of a counter slot and direction, with the same index as its counter. */
struct xdpol_budget {
	__u64 next;  /* jiffies64 when the sample after the last one is due */
	__u64 taken;
	__u64 lost;  /* the ring had no room */
	__u64 passes; /* packets that pass are sampled too; written by userspace */
};

/* One packet, as it is in the ring. */
struct xdpol_sample {
	__u64 nanoseconds; /* CLOCK_MONOTONIC */
	__u32 ifindex;
	__u32 slot;
	__u32 rank;  /* of the deciding filter; of the default: the number of ranks */
	__u32 bytes; /* of the frame */
	__u16 captured; /* bytes of `data` that are the frame's */
	__u8 direction; /* enum xdpol_direction */
	__u8 pass;
	__u16 vlan_tci; /* of the tag that the stack took out of the frame; vlan_type 0: none */
	__u16 vlan_type;
	__u8 data[XDPOL_SAMPLE_BYTES];
};

/* How the class of an IPv4 address is found: by that many bounds of one root leaf, at most XDPOL_ROOT_BOUNDS, or by an index. */
enum xdpol_address4_form {
	XDPOL_ADDRESS4_ONE_CLASS = 0,
	XDPOL_ADDRESS4_INDEX = 16,
	XDPOL_ADDRESS4_FILTERED = 17, /* with the bitmap of each /24 in front */
};

struct xdpol_address4_shape {
	__u32 form; /* enum xdpol_address4_form */
	__u32 wide; /* 1: leaves are wide, two lines each; an index counts leaves all the same */
};

struct xdpol_address6_shape {
	__u32 lines;	    /* on the way down the tree over the high half; 0: one root instead, or no tree */
	__u32 root_bounds;  /* compared in the root */
	__u32 root_hosts;   /* compared there too */
	__u32 block_levels; /* bit n: there are blocks of level n; 0: no blocks */
	__u32 front_shift;  /* of a hash, to a word of the front of the filter; 0: it has none */
	__u32 filter_first; /* word behind the front */
	__u32 filter_shift; /* of a hash, to a word from there on */
	__u32 bucket_shift; /* of a hash, to a bucket of blocks */
};

struct xdpol_rule_shape {
	__u32 mode; /* enum xdpol_rule_mode */
	__u32 dst_classes;
	__u32 bucket_mask;
	/* The rank sets of class 0: of filters that ask for no other address, and for both. Other classes' follow. */
	__u32 src_row;
	__u32 dst_row;
};

/* Frozen before load: the verifier sees constants and removes what a policy does not use. */
struct xdpol_shape {
	__u32 layout_version;
	__u32 strict;
	__u32 exemptions; /* enum xdpol_exemption, ORed */
	__u32 drops;	  /* enum xdpol_drop, ORed */
	__u32 default_value; /* the rule value where nothing matches: above every rule's */
	__u32 dport_classes;
	__u32 sport_classes;
	__u32 set_groups; /* nodes of a rank set */
	__u32 set_deep;	  /* 1: by way of set_roots */
	__u32 set_use;	  /* enum xdpol_set_use, ORed */
	__u32 dport_row;  /* the rank set of destination service class 0 */
	__u32 sport_row;
	__u32 dport_numbered; /* 1: dport_pages has numbers of pages */
	__u32 sport_numbered;
	struct xdpol_address4_shape src4_shape, dst4_shape;
	struct xdpol_address6_shape src6_shape, dst6_shape;
	struct xdpol_rule_shape rules4, rules6;
	__u32 limits[XDPOL_TABLES]; /* the last byte of each table at which an element may begin */
};

/* Bytes of one element of each table. */
#define XDPOL_ELEMENT_SIZE(name, element) XDPOL_ELEMENT_BYTES_##name = sizeof(element),

enum xdpol_element_bytes {
	XDPOL_EACH_TABLE(XDPOL_ELEMENT_SIZE)
};

/* Names every type above once, so that all of them reach the object's BTF. */
struct xdpol_types {
	enum xdpol_layout layout;
	enum xdpol_hash hash;
	enum xdpol_direction direction;
	enum xdpol_slot slot;
	enum xdpol_exemption exemption;
	enum xdpol_drop drop;
	enum xdpol_plane plane;
	enum xdpol_gate gate;
	enum xdpol_audit audit;
	enum xdpol_table table;
	enum xdpol_address4_form address4_form;
	enum xdpol_rule_mode rule_mode;
	enum xdpol_reference reference;
	enum xdpol_set_use set_use;
	enum xdpol_need need;
	struct xdpol_leaf leaf;
	struct xdpol_leaf_classes leaf_classes;
	struct xdpol_root root;
	struct xdpol_root6 root6;
	struct xdpol_node node;
	struct xdpol_leaf6 leaf6;
	struct xdpol_block_bucket block_bucket;
	struct xdpol_bucket bucket;
	struct xdpol_set_leaf set_leaf;
	struct xdpol_set_node set_node;
	struct xdpol_list_entry list_entry;
	struct xdpol_counter counter;
	struct xdpol_trace trace;
	struct xdpol_sampling sampling;
	struct xdpol_budget budget;
	struct xdpol_sample sample;
	struct xdpol_shape shape;
	enum xdpol_live live;
	enum xdpol_live_length6 live_length6;
	enum xdpol_live_hash live_hash;
	enum xdpol_live_ends live_ends;
	struct xdpol_live_head live_head;
	struct xdpol_live_bucket4 live_bucket4;
	struct xdpol_live_bucket6 live_bucket6;
	struct xdpol_live_shape live_shape;
	enum xdpol_element_bytes element_bytes;
};

_Static_assert(sizeof(struct xdpol_leaf) == 64, "one cache line");
_Static_assert(sizeof(struct xdpol_leaf_classes) == 64, "one cache line");
_Static_assert(sizeof(struct xdpol_root) == 64, "one cache line");
_Static_assert(sizeof(struct xdpol_root6) == 384, "no padding");
_Static_assert(sizeof(struct xdpol_node) == 64, "one cache line");
_Static_assert(sizeof(struct xdpol_leaf6) == 64, "one cache line");
_Static_assert(sizeof(struct xdpol_block_bucket) == 64, "one cache line");
_Static_assert(sizeof(struct xdpol_bucket) == 64, "one cache line");
_Static_assert(sizeof(struct xdpol_set_leaf) == 64, "one cache line");
_Static_assert(sizeof(struct xdpol_set_node) == 64, "one cache line");
_Static_assert(sizeof(struct xdpol_list_entry) == 16, "no padding");
_Static_assert(sizeof(struct xdpol_counter) == 24, "no padding");
_Static_assert(sizeof(struct xdpol_trace) == 16, "no padding");
_Static_assert(sizeof(struct xdpol_sampling) == 40, "no padding");
_Static_assert(sizeof(struct xdpol_budget) == 32, "no padding");
_Static_assert(sizeof(struct xdpol_sample) == 32 + XDPOL_SAMPLE_BYTES, "no padding");
_Static_assert(sizeof(struct xdpol_shape) == 4 * (44 + XDPOL_TABLES), "no padding");
