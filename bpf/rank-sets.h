/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/* The first rank that all sets of a packet have: those of its two addresses and of its service. */
#pragma once
#include "tables.h"

/*
 * The sets of a packet, a node of each. Of each address there are two: filters that ask for no other address, and
 * filters for both; so that few filters are in the sets of both ends and match only one. What no filter asks for is
 * left out, by enum xdpol_set_use.
 */
struct set_nodes {
	const struct xdpol_set_node *src_alone, *src_both, *dst_alone, *dst_both, *dport, *sport;
};

#define EACH_SET(macro)                                              \
	macro(XDPOL_USE_SRC_ALONE, src_alone) macro(XDPOL_USE_BOTH, src_both)       \
	macro(XDPOL_USE_DST_ALONE, dst_alone) macro(XDPOL_USE_BOTH, dst_both) \
	macro(XDPOL_USE_DPORT, dport) macro(XDPOL_USE_SPORT, sport)

/* The number of the lowest bit that is set: the ones below it, counted. */
static __always_inline __u32 lowest_bit(__u64 word)
{
	__u64 below = (word & -word) - 1;

	below -= below >> 1 & 0x5555555555555555ULL;
	below = (below & 0x3333333333333333ULL) + (below >> 2 & 0x3333333333333333ULL);
	below = (below + (below >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
	return below * 0x0101010101010101ULL >> 56;
}

/* The node of a row for a group of ranks; NULL is never met. */
static __always_inline const struct xdpol_set_node *set_node(__u32 row, __u32 group)
{
	__u32 number = row * shape.set_groups + group;

	if (shape.set_deep)
		number = read_u32(TABLE_OF(set_roots), number);
	return element(TABLE_OF(set_nodes), number, sizeof(struct xdpol_set_node));
}

static __always_inline __u64 leaf_word(__u32 leaf, __u32 word)
{
	const __u64 *found = element(TABLE_OF(set_leaves), leaf * XDPOL_SET_LEAF_WORDS + word, sizeof(*found));

	return found ? *found : 0;
}

/* What a filter needs: one of the address sets and all others. READ(set) is read where filters use the set. */
#define COMMON_BITS(READ)                                                  \
	({                                                                 \
		__u64 bits = 0;                                            \
                                                                           \
		if (shape.set_use & XDPOL_USE_BOTH)                        \
			bits = READ(src_both) & READ(dst_both);            \
		if (shape.set_use & XDPOL_USE_SRC_ALONE)                   \
			bits |= READ(src_alone);                           \
		if (shape.set_use & XDPOL_USE_DST_ALONE)                   \
			bits |= READ(dst_alone);                           \
		if (shape.set_use & XDPOL_USE_DPORT)                       \
			bits &= READ(dport);                               \
		if (shape.set_use & XDPOL_USE_SPORT)                       \
			bits &= READ(sport);                               \
		bits;                                                      \
	})

/* The ranks that all sets have of one word of a leaf. */
static __always_inline __u64 common_ranks(struct set_nodes nodes, __u32 leaf, __u32 word)
{
#define READ_WORD(set) leaf_word(nodes.set->leaves[leaf], word)
	return COMMON_BITS(READ_WORD);
}

/* The first rank, counted from the first of the group, in the words of leaves that `words` has a bit for; or GROUP. */
static __always_inline __u32 first_in_words(struct set_nodes nodes, __u64 words, __u32 first_word)
{
	for (int i = 0; i < 64 && words; i++) {
		__u32 word = first_word + lowest_bit(words);
		__u32 leaf = word / XDPOL_SET_LEAF_WORDS;
		__u64 ranks;

		if (leaf >= XDPOL_SET_NODE_LEAVES)
			break;
		ranks = common_ranks(nodes, leaf, word % XDPOL_SET_LEAF_WORDS);
		if (ranks)
			return word * 64 + lowest_bit(ranks);
		words &= words - 1;
	}
	return XDPOL_SET_GROUP_RANKS;
}

/* The words that all sets have ranks in: of the first 64 words, and of the others. */
static __always_inline __u64 common_words(struct set_nodes nodes, int others)
{
#define READ_WORDS(set) (others ? nodes.set->words_high : nodes.set->words_low)
	return COMMON_BITS(READ_WORDS);
}

static __always_inline __u32 first_common(struct set_nodes nodes)
{
	__u32 found = first_in_words(nodes, common_words(nodes, 0), 0);

	return found < XDPOL_SET_GROUP_RANKS ? found : first_in_words(nodes, common_words(nodes, 1), 64);
}

/* The first rank of a group that all sets have; or GROUP. A global function: verified once, not for each group. */
__noinline __u32 first_in_group(__u64 addresses, __u64 services, __u32 group)
{
	const __u32 src_alone = addresses >> 32, dst_alone = addresses, dport = services >> 32, sport = services;
	const __u32 src_both = src_alone + (shape.set_use & XDPOL_USE_SRC_ALONE ? 1 : 0);
	const __u32 dst_both = dst_alone + (shape.set_use & XDPOL_USE_DST_ALONE ? 1 : 0);
	struct set_nodes nodes = {};

#define FIND_NODE(use, set)                                         \
	if (shape.set_use & (use)) {                                  \
		nodes.set = set_node(set, group);                   \
		if (!nodes.set)                                     \
			return XDPOL_SET_GROUP_RANKS;               \
	}
	EACH_SET(FIND_NODE)
	return first_common(nodes);
}

static __always_inline __u32 value_of_rank(__u32 rank)
{
	__u32 leaf = 1 + rank / XDPOL_SET_LEAF_RANKS;
	__u64 permits = leaf_word(leaf, rank / 64 % XDPOL_SET_LEAF_WORDS);

	return rank << XDPOL_VALUE_RANK_SHIFT | (permits >> (rank & 63) & 1) << XDPOL_VALUE_PERMIT_BIT;
}

/* The value of the first rank that all sets have. A global function for the same reason as the walks of IPv6 addresses. */
__noinline __u32 common_value(__u64 addresses, __u64 services)
{
	for (__u32 group = 0; group < shape.set_groups; group++) {
		__u32 found = first_in_group(addresses, services, group);

		if (found < XDPOL_SET_GROUP_RANKS)
			return value_of_rank(group * XDPOL_SET_GROUP_RANKS + found);
	}
	return shape.default_value;
}
