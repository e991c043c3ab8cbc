/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * The tables of live sets: addresses that come and go while a policy is in force. Part of layout.h.
 *
 * One table a family holds the members of all live sets of a network namespace: a head, a filter, and buckets of a cache
 * line. Only userspace writes, one writer at a time, while programs read. An entry is free while its id is 0. A writer
 * stores the key and the end first and the id last; it takes an entry away by its id, and uses the place again only
 * after a grace period. So a program that reads the id first never sees half of one key and half of another.
 */
#pragma once
#include <linux/types.h>

enum xdpol_live {
	XDPOL_LIVE_VERSION = 2, /* of what follows, hashes included: tables outlive the version of xdpol that made them */
	XDPOL_LIVE_SETS = 16,	 /* of one network namespace */
	XDPOL_LIVE_LEVELS4 = 9,	 /* lengths of IPv4 members: 32 is level 1, 24 is level 9 */
	XDPOL_LIVE_LEVELS6 = 15, /* lengths of IPv6 members: enum xdpol_live_length6 */
	XDPOL_LIVE_LEVELS = 16,	 /* room for one of either family; level 0 is none */
	XDPOL_LIVE_LEVEL_SHIFT = 4, /* an id: level << 4 | set; 0: free */
	XDPOL_LIVE_BLOCK4 = 24,	 /* the filter has an entry for every /24 with a member */
	XDPOL_LIVE_BLOCK6 = 48,	 /* or /48 */
	XDPOL_LIVE_SLOTS4 = 7,	 /* members in one bucket */
	XDPOL_LIVE_SLOTS6 = 3,
	XDPOL_LIVE_PROBES = 16,	 /* buckets searched for one member */
	XDPOL_LIVE_STEPS = 16,	 /* from one of them to the next: 1 to STEPS buckets, by the hash */
	XDPOL_LIVE_PASSED_MANY = 255, /* a count of passed members that is not counted down any more */
	XDPOL_LIVE_COARSE_BIT = 31, /* of an end: it is counted in units of 2^COARSE_SHIFT jiffies */
	XDPOL_LIVE_COARSE_SHIFT = 10,
	XDPOL_LIVE_NEVER = 0xffffffff, /* the end of a member that has none */
};

/* Prefix lengths of IPv6 members, by level. */
enum xdpol_live_length6 {
	XDPOL_LIVE_LENGTH6_1 = 128,
	XDPOL_LIVE_LENGTH6_2 = 127,
	XDPOL_LIVE_LENGTH6_3 = 124,
	XDPOL_LIVE_LENGTH6_4 = 120,
	XDPOL_LIVE_LENGTH6_5 = 112,
	XDPOL_LIVE_LENGTH6_6 = 104,
	XDPOL_LIVE_LENGTH6_7 = 96,
	XDPOL_LIVE_LENGTH6_8 = 88,
	XDPOL_LIVE_LENGTH6_9 = 80,
	XDPOL_LIVE_LENGTH6_10 = 72,
	XDPOL_LIVE_LENGTH6_11 = 64,
	XDPOL_LIVE_LENGTH6_12 = 60,
	XDPOL_LIVE_LENGTH6_13 = 56,
	XDPOL_LIVE_LENGTH6_14 = 52,
	XDPOL_LIVE_LENGTH6_15 = 48,
};

/*
 * How members are hashed, word by word: a multiplication and a fold each, then the last mix of MurmurHash3, which the filter
 * does without: every packet asks it.
 */
enum xdpol_live_hash {
	XDPOL_LIVE_FACTOR_WORD = 0x9e3779b1,
	XDPOL_LIVE_FACTOR_LEVEL = 0x61c88647,
	XDPOL_LIVE_FACTOR_1 = 0x85ebca6b,
	XDPOL_LIVE_FACTOR_2 = 0xc2b2ae35,
	XDPOL_LIVE_FOLD_WORD = 15,
	XDPOL_LIVE_FOLD_1 = 16,
	XDPOL_LIVE_FOLD_2 = 13,
};

/* Ends are counted from `epoch`, in jiffies. Whoever fills a table draws its seed, so that nobody can aim at one bucket. */
struct xdpol_live_head {
	__u64 epoch;
	__u32 seed;
	__u32 capacity; /* members; only userspace looks at it */
	__u32 writer;	/* drawn by whoever changed the table last: another one does not know what it left. 0: it has no members yet */
	__u32 version;	/* LIVE_VERSION of who made it: nobody else writes to it */
	__u32 unused[10];
};

/* Ids first, in one word with the number of members that had to go to a bucket after this one. */
struct xdpol_live_bucket4 {
	__u8 ids[XDPOL_LIVE_SLOTS4];
	__u8 passed;
	__u32 ends[XDPOL_LIVE_SLOTS4];
	__u32 keys[XDPOL_LIVE_SLOTS4]; /* shifted right to the length of the level */
};

struct xdpol_live_bucket6 {
	__u8 ids[XDPOL_LIVE_SLOTS6];
	__u8 passed;
	__u32 ends[XDPOL_LIVE_SLOTS6];
	__u64 highs[XDPOL_LIVE_SLOTS6]; /* with host bits 0 */
	__u64 lows[XDPOL_LIVE_SLOTS6];
};

/* At which ends the filters of a policy ask for live sets. */
enum xdpol_live_ends {
	XDPOL_LIVE_SOURCE = 1,
	XDPOL_LIVE_DESTINATION = 2,
};

/* The table of one family; `levels` 0: no filter of the policy asks for a live set of this family. */
struct xdpol_live_table_shape {
	__u32 levels;	    /* bit n: filters ask for members of level n */
	__u32 ends;	    /* enum xdpol_live_ends, ORed */
	__u32 filter_shift; /* of a hash, to a word of the filter */
	__u32 buckets_at;   /* bytes from the start of the table */
	__u32 buckets;
	__u32 bytes;
	__u32 only_set; /* the one that filters ask for; XDPOL_LIVE_SETS where there are several */
};

/* Frozen before load, like struct xdpol_shape; only the engine knows which set has which number. */
struct xdpol_live_shape {
	struct xdpol_live_table_shape live4, live6;
	/* What an address is besides, where it is a member: a class by set and level; 0: no filter asks. */
	__u32 src4_classes[XDPOL_LIVE_SETS * XDPOL_LIVE_LEVELS], dst4_classes[XDPOL_LIVE_SETS * XDPOL_LIVE_LEVELS];
	__u32 src6_classes[XDPOL_LIVE_SETS * XDPOL_LIVE_LEVELS], dst6_classes[XDPOL_LIVE_SETS * XDPOL_LIVE_LEVELS];
};

_Static_assert(sizeof(struct xdpol_live_head) == 64, "one cache line");
_Static_assert(sizeof(struct xdpol_live_bucket4) == 64, "one cache line");
_Static_assert(sizeof(struct xdpol_live_bucket6) == 64, "one cache line");
_Static_assert(sizeof(struct xdpol_live_shape) == 56 + 4 * 1024, "no padding");
