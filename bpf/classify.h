/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * struct pkt -> rule value, by classes. With rank-sets.h the only file that reads policy tables; members.h asks it.
 *
 * The source address has a class, the destination address has a class, the service (plane, ports)
 * has classes; tables over classes hold the value of the filter that wins, or for each class the set of the filters
 * that it matches. Specificity was resolved by the compiler, which numbers the filters by it.
 */
#pragma once
#include "parse.h"
#include "rank-sets.h"

/* ---- address classes ---- */

/*
 * How many of a leaf's 15 bounds are <= key, which is the place of its class. Two 16-bit lanes of a
 * 64-bit word are compared at once: with a guard bit above each lane, guard + key - bound keeps the
 * guard where key >= bound. Lane 15 is left out. No branch depends on the key.
 */
static __always_inline __u32 leaf_place(const struct xdpol_leaf *leaf, __u32 key)
{
	const __u64 *words = (const __u64 *)leaf->bounds;
	const __u64 lanes = 0x0000ffff0000ffffULL, guards = 0x0001000000010000ULL;
	__u64 keys = (__u64)(key | 0x10000) * 0x0000000100000001ULL, sum = 0;

#pragma unroll
	for (int i = 0; i < 4; i++) {
		__u64 word = words[i];

		sum += (keys - (word & lanes)) & guards;
		sum += (keys - (word >> 16 & lanes)) & (i == 3 ? 0x10000ULL : guards);
	}
	sum >>= 16;
	return (sum + (sum >> 32)) & 15;
}

static __always_inline __u32 root_class(const struct xdpol_root *root, __u32 bounds, __u32 address)
{
	__u64 key = address, place = bounds;

	/* A key that clang knows to have 32 bits is compared with a branch. */
	asm volatile("" : "+r"(key));
#pragma unroll
	for (int i = 0; i < XDPOL_ROOT_BOUNDS; i++)
		if (i < bounds)
			place -= (key - root->bounds[i]) >> 63;
	return root->classes[place];
}

/* The line of a wide leaf that has the bounds, and the next one. */
static __always_inline __u32 wide_class(struct table leaves, __u32 number, __u32 key)
{
	const struct xdpol_leaf *leaf = element(leaves, 2 * number, sizeof(*leaf));
	const struct xdpol_leaf_classes *wide = element(leaves, 2 * number + 1, sizeof(*wide));

	return leaf && wide ? wide->classes[leaf_place(leaf, key)] : 0;
}

/* Index entry -> the leaf that holds the low 16 bits of the address. */
static __always_inline __u32 leaf_number(__u32 entry, __u32 address)
{
	__u32 fan;

	if (!has_bit(entry, XDPOL_INDEX_FAN_BIT))
		return entry & ~(1U << XDPOL_INDEX_LEAF_BIT);
	fan = entry >> XDPOL_INDEX_FAN_SHIFT & 15;
	return (entry & ((1U << XDPOL_INDEX_FAN_SHIFT) - 1)) + ((address & 0xffff) >> (16 - fan));
}

struct address4_tables {
	const volatile struct xdpol_address4_shape *shape;
	struct table filter, index, leaves;
};

/* Does any prefix reach into the address's /24? */
static __always_inline __u32 in_filter(struct table filter, __u32 address)
{
	__u64 *bits = element(filter, address >> 14, sizeof(*bits));

	return bits ? *bits >> (address >> 8 & 63) & 1 : 0;
}

/* The class of one IPv4 address. Every address has one; 0 is the class of addresses nothing names. */
static __always_inline __u32 address4_class(struct address4_tables tables, __u32 address)
{
	const __u32 form = tables.shape->form;
	const struct xdpol_leaf *leaf;
	__u32 entry;

	if (form == XDPOL_ADDRESS4_ONE_CLASS)
		return 0;
	if (form <= XDPOL_ROOT_BOUNDS)
		return root_class(tables.leaves.base, form, address);
	if (form == XDPOL_ADDRESS4_FILTERED && !in_filter(tables.filter, address))
		return 0;
	entry = read_u32(tables.index, address >> 16);
	if (!has_bit(entry, XDPOL_INDEX_LEAF_BIT))
		return entry;
	if (tables.shape->wide)
		return wide_class(tables.leaves, leaf_number(entry, address), address & 0xffff);
	leaf = element(tables.leaves, leaf_number(entry, address), sizeof(*leaf));
	return leaf ? leaf->classes[leaf_place(leaf, address & 0xffff)] : 0;
}

struct address6_tables {
	const volatile struct xdpol_address6_shape *shape;
	struct table filter, blocks, nodes;
};

/* 1 where a < b and both have the same first bit. */
static __always_inline __u64 less_of_half(__u64 a, __u64 b)
{
	return (a - b) >> 63;
}

/* 0 where these are the halves of the address, else all bits. */
static __always_inline __u64 differ(const __u64 *halves, __u64 high, __u64 low)
{
	__u64 bits = (halves[0] ^ high) | (halves[1] ^ low);

	return (__s64)(bits | -bits) >> 63;
}

/* The host's place, where the address is one of the hosts, else that of its range. No branch depends on the address. */
static __always_inline __u32 root6_class(struct address6_tables tables, const __u64 *halves)
{
	const __u32 bounds = tables.shape->root_bounds, hosts = tables.shape->root_hosts;
	const struct xdpol_root6 *root = tables.nodes.base;
	__u64 half = halves[0] >> 63, place = half * XDPOL_LEAF_CLASSES + bounds;

	if (!bounds && !hosts)
		return 0;
#pragma unroll
	for (int i = 0; i < XDPOL_ROOT_BOUNDS; i++)
		if (i < bounds)
			place -= less_of_half(halves[0], root->bounds[half][i]);
#pragma unroll
	for (int i = 0; i < XDPOL_ROOT_HOSTS; i++)
		if (i < hosts) {
			const __u64 host = XDPOL_HALVES * XDPOL_LEAF_CLASSES + i;

			place = host + ((place - host) & differ(halves, root->hosts_high[i], root->hosts_low[i]));
		}
	return root->classes[place & (XDPOL_ROOT6_CLASSES - 1)];
}

/* The block of a level that holds an address: the address itself on the last level, else what it begins with. */
struct block {
	__u64 high, low, hash;
};

static __always_inline __u64 block_hash(__u64 high, __u64 low)
{
	const __u64 factor = (__u64)XDPOL_BLOCK_FACTOR_HIGH << 32 | XDPOL_BLOCK_FACTOR_LOW;

	return (high ^ low * factor) * factor;
}

static __always_inline struct block block_of(__u64 high, __u64 low, int level)
{
	struct block block = { .high = high, .low = low };

	if (level < XDPOL_BLOCK_LEVELS - 1)
		block = (struct block){ .high = high >> (64 - XDPOL_BLOCK_FIRST - XDPOL_BLOCK_STEP * level) };
	block.hash = block_hash(block.high, block.low);
	return block;
}

/*
 * Was such a hash put into the words from `first` on? Always yes for those that were. Both numbers are constants for the
 * verifier, so it knows that the word lies within the table.
 */
static __always_inline int in_filter6(struct table filter, __u32 first, __u32 shift, __u64 hash)
{
	const __u64 bits = 1ULL << (hash >> XDPOL_FILTER_BIT_1 & 63) | 1ULL << (hash >> XDPOL_FILTER_BIT_2 & 63) |
			   1ULL << (hash >> XDPOL_FILTER_BIT_3 & 63);
	const __u64 *words = filter.base + first * sizeof(*words);
	__u64 number = hash >> shift;

	asm volatile("" : "+r"(number));
	return (words[number] & bits) == bits;
}

/* Is there such a block? */
static __always_inline int has_block(struct address6_tables tables, struct block block, int level)
{
	const __u32 front = tables.shape->front_shift;

	if (front && level < XDPOL_FRONT_LEVEL)
		return in_filter6(tables.filter, 0, front, block.hash);
	return in_filter6(tables.filter, tables.shape->filter_first, tables.shape->filter_shift, block.hash);
}

/* May a block hold the address? Each level costs one line, or the longer ones together; they are read side by side. */
static __always_inline int may_be_named(struct address6_tables tables, const __u64 *halves)
{
	const __u32 front = tables.shape->front_shift;

#pragma unroll
	for (int level = 0; level < XDPOL_BLOCK_LEVELS; level++) {
		if (front && level == XDPOL_FRONT_LEVEL)
			return in_filter6(tables.filter, 0, front, block_of(halves[0], 0, level).hash);
		if (tables.shape->block_levels & 1U << level && has_block(tables, block_of(halves[0], halves[1], level), level))
			return 1;
	}
	return 0;
}

/* What is kept for a block, or 0. */
static __always_inline __u32 block_value(struct address6_tables tables, struct block block, int level)
{
	const __u32 shift = tables.shape->bucket_shift;
	__u32 number = block.hash >> shift;

	for (int probe = 0; probe < XDPOL_BLOCK_PROBES; probe++) {
		const struct xdpol_block_bucket *bucket = element(tables.blocks, number, sizeof(*bucket));

		if (!bucket)
			break;
		for (int i = 0; i < XDPOL_BLOCK_SLOTS; i++)
			if (bucket->high[i] == block.high && bucket->low[i] == block.low &&
			    (bucket->values[i] >> XDPOL_BLOCK_LEVEL_SHIFT & 127) == level + 1)
				return bucket->values[i];
		if (!bucket->overflowed)
			break;
		number = (number + 1) & (__u32)(~0ULL >> shift);
	}
	return 0;
}

/* Of the blocks that hold the address the longest. */
static __always_inline __u32 longest_block(struct address6_tables tables, __u64 high, __u64 low)
{
#pragma unroll
	for (int level = XDPOL_BLOCK_LEVELS - 1; level >= 0; level--) {
		struct block block = block_of(high, low, level);
		__u32 value;

		if (!(tables.shape->block_levels & 1U << level) || !has_block(tables, block, level))
			continue;
		value = block_value(tables, block, level);
		if (value)
			return value;
	}
	return 0;
}

/* 1 where a < b: the borrow of a - b. */
static __always_inline __u64 less(__u64 a, __u64 b)
{
	return ((~a & b) | ((~a | b) & (a - b))) >> 63;
}

/* How many of the keys, which ascend, are not above `key`. */
static __always_inline __u64 place_among(const __u64 *keys, int count, __u64 key, int same_half)
{
	__u64 place = count;

#pragma unroll
	for (int i = 0; i < count; i++)
		place -= same_half ? less_of_half(key, keys[i]) : less(key, keys[i]);
	return place;
}

/* The value that a tree over one half of the address has for it. */
static __always_inline __u32 tree_value(struct table nodes, __u32 number, __u32 lines, __u64 key, int same_half)
{
	const struct xdpol_leaf6 *leaf;

	for (__u32 line = 1; line < XDPOL_TREE_DEPTH && line < lines; line++) {
		const struct xdpol_node *node = element(nodes, number, sizeof(*node));
		__u64 child;

		if (!node)
			return 0;
		child = place_among(node->keys, XDPOL_NODE_KEYS, key, same_half);
		number = node->first + (child < node->last ? child : node->last);
	}
	leaf = element(nodes, number, sizeof(*leaf));
	return leaf ? leaf->values[place_among(leaf->keys, XDPOL_LEAF6_KEYS, key, same_half)] : 0;
}

/* The high half; where prefixes longer than 64 bits exist, its value goes on to a tree over the low half. */
static __always_inline __u32 tree_class(struct address6_tables tables, __u64 high, __u64 low)
{
	__u32 value = tree_value(tables.nodes, high >> 63, tables.shape->lines, high, 1);

	if (!has_bit(value, XDPOL_NODE_LOW_BIT))
		return value;
	return tree_value(tables.nodes, value & ((1U << XDPOL_NODE_LINES_SHIFT) - 1),
			  value >> XDPOL_NODE_LINES_SHIFT & 15, low, 0);
}

static __always_inline __u32 named_class(struct address6_tables tables, __u64 high, __u64 low)
{
	__u32 value = 1U << XDPOL_BLOCK_TREE_BIT;

	if (tables.shape->block_levels)
		value = longest_block(tables, high, low);
	if (tables.shape->lines && has_bit(value, XDPOL_BLOCK_TREE_BIT))
		return tree_class(tables, high, low);
	return value & ((1U << XDPOL_BLOCK_LEVEL_SHIFT) - 1);
}

#define ADDRESS6_TABLES(end)                                                                             \
	((struct address6_tables){ &shape.end##6_shape, TABLE_OF(end##6_filter), TABLE_OF(end##6_blocks), \
				   TABLE_OF(end##6_nodes) })

/* Global functions: the verifier walks their loops once and not again for every path through the parser. */
__noinline __u32 src6_class(__u64 high, __u64 low)
{
	return named_class(ADDRESS6_TABLES(src), high, low);
}

__noinline __u32 dst6_class(__u64 high, __u64 low)
{
	return named_class(ADDRESS6_TABLES(dst), high, low);
}

/* The class of one IPv6 address, like that of an IPv4 address. A call costs more than a small root does. */
static __always_inline __u32 address6_class(struct address6_tables tables, __u32 (*named)(__u64, __u64),
					    const __u64 *halves)
{
	if (!tables.shape->lines && !tables.shape->block_levels)
		return root6_class(tables, halves);
	if (tables.shape->block_levels && !may_be_named(tables, halves))
		return 0;
	return named(halves[0], halves[1]);
}

/* ---- service classes ---- */

struct service {
	__u32 dport_class, sport_class;
	__u32 cell; /* instead of both, where the table of rules is dense */
};

/* The class of a key, of which the page is known by the place of its number. */
static __always_inline __u32 paged_class(struct table pages, __u32 numbered, __u32 place, __u32 key)
{
	const __u16 *numbers = pages.base;
	__u64 at = place & (XDPOL_PORT_NUMBERS - 1);
	__u32 page, class;

	asm volatile("" : "+r"(at));
	page = numbers[at];
	if (numbered)
		return read_u16(pages, XDPOL_PORT_NUMBERS + (page << 8) + (key & 255));
	/* At most the last of 65536 classes: the table is as large. */
	at = page | (key & 255);
	asm volatile("" : "+r"(at));
	class = numbers[XDPOL_PORT_NUMBERS + at];
	/* So that clang does not read for both forms in one place. */
	asm volatile("" : "+r"(class));
	return class;
}

static __always_inline __u32 dport_class(const struct pkt *pkt)
{
	return paged_class(TABLE_OF(dport_pages), shape.dport_numbered, pkt->plane << 8 | pkt->dport >> 8, pkt->dport);
}

static __always_inline __u32 sport_class(const struct pkt *pkt)
{
	if (pkt->plane >= XDPOL_PORT_PLANES)
		return 0;
	return paged_class(TABLE_OF(sport_pages), shape.sport_numbered, pkt->plane << 8 | pkt->sport >> 8, pkt->sport);
}

/* What the service adds to a cell of a dense table. */
static __always_inline __u32 service_cell(const struct pkt *pkt)
{
	const __u32 sport_classes = shape.sport_classes;

	if (sport_classes > 1)
		return dport_class(pkt) * sport_classes + sport_class(pkt);
	return shape.dport_classes > 1 ? dport_class(pkt) : 0;
}

static __always_inline struct service service_of(const struct pkt *pkt, __u32 mode)
{
	struct service service = {};

	if (mode == XDPOL_RULES_DENSE) {
		service.cell = service_cell(pkt);
		return service;
	}
	if (shape.dport_classes > 1)
		service.dport_class = dport_class(pkt);
	if (shape.sport_classes > 1)
		service.sport_class = sport_class(pkt);
	return service;
}

/* ---- rule sets ---- */

/* What a list looks at, in the two words that a global function can be given. */
struct list_key {
	__u16 dport, sport;
	__u8 protocol, unused;
	__u16 has; /* enum xdpol_need: what the packet can answer for */
};

union list_key_word {
	struct list_key key;
	__u64 word;
};

static __always_inline int list_entry_matches(const struct xdpol_list_entry *entry, struct list_key key)
{
	return (entry->need & ~key.has) == 0 &&
	       (entry->protocol == XDPOL_ANY_PROTOCOL || entry->protocol == key.protocol) &&
	       key.dport >= entry->dport_lo && key.dport <= entry->dport_hi && key.sport >= entry->sport_lo &&
	       key.sport <= entry->sport_hi;
}

/* The first match: entries are in rank order. A global function for the same reason as above. */
__noinline __u32 list_value(__u32 set, __u64 word)
{
	const union list_key_word packed = { .word = word };
	__u32 count = set >> XDPOL_SET_COUNT_SHIFT & 31;
	__u32 first = set & ((1U << XDPOL_SET_COUNT_SHIFT) - 1);

	for (int i = 0; i < XDPOL_LIST_MAX && i < count; i++) {
		const struct xdpol_list_entry *entry = element(TABLE_OF(lists), first + i, sizeof(*entry));

		if (!entry)
			break;
		if (list_entry_matches(entry, packed.key))
			return entry->value;
	}
	return shape.default_value;
}

static __always_inline __u64 list_key_of(const struct pkt *pkt)
{
	union list_key_word packed = { .key = { .dport = pkt->dport,
						.sport = pkt->sport,
						.protocol = pkt->protocol } };

	packed.key.has |= pkt->plane == XDPOL_PLANE_FRAGMENT ? XDPOL_NEED_FRAGMENT : XDPOL_NEED_L4;
	if (pkt->plane == XDPOL_PLANE_TCP_ESTABLISHED)
		packed.key.has |= XDPOL_NEED_ESTABLISHED;
	return packed.word;
}

static __always_inline __u32 row_value(__u32 row, struct service service)
{
	__u32 value = read_u32(TABLE_OF(rows), row * shape.dport_classes + service.dport_class);

	if (shape.sport_classes > 1 && has_bit(value, XDPOL_ROW_SUBROW_BIT))
		value = read_u32(TABLE_OF(subrows),
			     (value & ~(1U << XDPOL_ROW_SUBROW_BIT)) * shape.sport_classes + service.sport_class);
	return value;
}

static __always_inline __u32 set_value(__u32 set, const struct pkt *pkt, struct service service)
{
	if (has_bit(set, XDPOL_SET_LIST_BIT))
		return list_value(set, list_key_of(pkt));
	return row_value(set, service);
}

static __always_inline __u32 minimum(__u32 a, __u32 b)
{
	return a < b ? a : b;
}

static __always_inline __u32 bucket_start(__u32 key, __u32 mask)
{
	__u32 hash = key * XDPOL_PAIR_FACTOR;

	return (hash ^ hash >> XDPOL_PAIR_FOLD) & mask;
}

struct rule_tables {
	const volatile struct xdpol_rule_shape *shape;
	struct table cross, src_sets, dst_sets, pairs;
};

/* The set of rules that name both addresses of this pair of classes; 0 is the empty set. */
static __always_inline __u32 pair_set(struct rule_tables tables, __u32 src_class, __u32 dst_class)
{
	__u32 key = (src_class << 16 | dst_class) + 1;
	__u32 number = bucket_start(key, tables.shape->bucket_mask);

	for (int probe = 0; probe < XDPOL_BUCKET_PROBES; probe++) {
		const struct xdpol_bucket *bucket = element(tables.pairs, number, sizeof(*bucket));

		if (!bucket)
			break;
		for (int i = 0; i < XDPOL_BUCKET_SLOTS; i++)
			if (bucket->keys[i] == key)
				return bucket->sets[i];
		if (!bucket->overflowed)
			break;
		number = (number + 1) & tables.shape->bucket_mask;
	}
	return 0;
}

static __always_inline __u32 sparse_value(struct rule_tables tables, const struct pkt *pkt, struct service service,
					  __u32 src_class, __u32 dst_class)
{
	__u32 value = set_value(read_u32(tables.src_sets, src_class), pkt, service);
	__u32 pair = pair_set(tables, src_class, dst_class);

	value = minimum(value, set_value(read_u32(tables.dst_sets, dst_class), pkt, service));
	return pair ? minimum(value, set_value(pair, pkt, service)) : value;
}

/* ---- the rule ---- */

static __always_inline __u64 two_rows(__u32 high, __u32 low)
{
	return (__u64)high << 32 | low;
}

/* The first of the rows of an address's class. */
static __always_inline __u32 address_row(__u32 first, enum xdpol_set_use alone, __u32 class)
{
	return first + class * ((shape.set_use & alone ? 1 : 0) + (shape.set_use & XDPOL_USE_BOTH ? 1 : 0));
}

/* Of a dense table the classes of addresses are places already: the cell is the sum. */
static __always_inline __u32 dense_value(struct rule_tables tables, __u32 src_class, __u32 dst_class, __u32 cell)
{
	return read_u32(tables.cross, src_class + dst_class + cell);
}

static __always_inline __u32 rule_value(struct rule_tables tables, const struct pkt *pkt, struct service service,
					__u32 src_class, __u32 dst_class)
{
	if (tables.shape->mode == XDPOL_RULES_DENSE)
		return dense_value(tables, src_class, dst_class, service.cell);
	if (tables.shape->mode == XDPOL_RULES_SPARSE)
		return sparse_value(tables, pkt, service, src_class, dst_class);
	if (tables.shape->mode == XDPOL_RULES_RANKS)
		return common_value(two_rows(address_row(tables.shape->src_row, XDPOL_USE_SRC_ALONE, src_class),
					     address_row(tables.shape->dst_row, XDPOL_USE_DST_ALONE, dst_class)),
				    two_rows(shape.dport_row + service.dport_class, shape.sport_row + service.sport_class));
	return set_value(read_u32(tables.cross, src_class * tables.shape->dst_classes + dst_class), pkt, service);
}

/* ---- the tables of each family ---- */

#define ADDRESS4_TABLES(end)                                                                       \
	((struct address4_tables){ &shape.end##4_shape, TABLE_OF(end##4_filter), TABLE_OF(end##4_index), \
				   TABLE_OF(end##4_leaves) })

#define RULE_TABLES(family)                                                                        \
	((struct rule_tables){ &shape.rules##family, TABLE_OF(cross##family),                      \
			       TABLE_OF(src##family##_sets), TABLE_OF(dst##family##_sets),         \
			       TABLE_OF(pairs##family) })
