/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * struct pkt -> rule value. The only file that reads policy tables.
 *
 * The source address has a class, the destination address has a class, the service (plane, ports)
 * has classes; a table over classes holds the value of the filter that wins. Specificity was
 * resolved by the compiler: here is no comparing of rules but the minimum of up to three values.
 */
#pragma once
#include "maps.h"
#include "parse.h"

/* Its size is read from the shape at the access: every read of a volatile constant is an instruction that stays. */
struct table {
	void *base;
	enum xdpol_table number;
};

#define TABLE_OF(name) ((struct table){ name, XDPOL_TABLE_##name })

/*
 * Element `index` of a table, or NULL past its end, where the compiler never points. The empty asm
 * keeps base and offset apart and unknown to clang, so that the check below is the one the verifier
 * sees: an unsigned offset under a constant bound.
 */
static __always_inline void *element(struct table table, __u32 index, __u32 size)
{
	void *base = table.base;
	__u64 offset = index * size;

	asm volatile("" : "+r"(base));
	asm volatile("" : "+r"(offset));
	__builtin_assume(base != NULL);
	return offset <= shape.bytes[table.number] - size ? base + offset : NULL;
}

static __always_inline __u16 read_u16(struct table table, __u32 index)
{
	__u16 *value = element(table, index, sizeof(*value));

	return value ? *value : 0;
}

static __always_inline __u32 read_u32(struct table table, __u32 index)
{
	__u32 *value = element(table, index, sizeof(*value));

	return value ? *value : 0;
}

static __always_inline __u32 has_bit(__u32 reference, __u32 bit)
{
	return reference & (1U << bit);
}

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
	__u64 key = 0x100000000ULL | address, place = 0;

#pragma unroll
	for (int i = 0; i < XDPOL_ROOT_BOUNDS; i++)
		if (i < bounds)
			place += (key - root->bounds[i]) >> 32;
	return root->classes[place & 15];
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
	const struct xdpol_leaf *leaf;
	__u32 entry;

	if (!tables.shape->indexed)
		return root_class(tables.leaves.base, tables.shape->root_bounds, address);
	if (tables.shape->filtered && !in_filter(tables.filter, address))
		return 0;
	entry = read_u32(tables.index, address >> 16);
	if (!has_bit(entry, XDPOL_INDEX_LEAF_BIT))
		return entry;
	leaf = element(tables.leaves, leaf_number(entry, address), sizeof(*leaf));
	return leaf ? leaf->classes[leaf_place(leaf, address & 0xffff)] : 0;
}

/* 1 where a >= b, without a branch: the borrow of a - b, turned over. */
static __always_inline __u64 at_least(__u64 a, __u64 b)
{
	return ((~a & b) | ((~a | b) & (a - b))) >> 63 ^ 1;
}

static __always_inline __u32 node_child(const struct xdpol_node *node, __u64 key)
{
	__u64 place = 0;

#pragma unroll
	for (int i = 0; i < XDPOL_NODE_KEYS; i++)
		place += at_least(key, node->keys[i]);
	return node->first + (place < node->last ? place : node->last);
}

/*
 * The class of one IPv6 address: a search tree over the high half; where prefixes longer than 64
 * bits exist, its values go on to a tree over the low half.
 */
static __always_inline __u32 address6_class(struct table nodes, const __u64 *halves)
{
	__u64 key = halves[0];
	__u32 number = 0;

	for (int depth = 0; depth < XDPOL_TREE_DEPTH; depth++) {
		const struct xdpol_node *node = element(nodes, number, sizeof(*node));

		if (!node)
			return 0;
		number = node_child(node, key);
		if (!node->leaf)
			continue;
		number = read_u32(nodes, number);
		if (!has_bit(number, XDPOL_NODE_LOW_BIT))
			return number;
		number &= ~(1U << XDPOL_NODE_LOW_BIT);
		key = halves[1];
	}
	return 0;
}

/*
 * source class << 16 | destination class. A global function: the verifier walks its loops once and
 * not again for every path through the parser.
 */
__noinline __u32 address6_classes(__u64 src_high, __u64 src_low, __u64 dst_high, __u64 dst_low)
{
	const __u64 src[2] = { src_high, src_low }, dst[2] = { dst_high, dst_low };

	return address6_class(TABLE_OF(src6_nodes), src) << 16 | address6_class(TABLE_OF(dst6_nodes), dst);
}

/* ---- service classes ---- */

struct service {
	__u32 dport_class, sport_class;
};

/* Pages follow their numbers: WIDE_PLANES * 256 of them and one for each narrow plane. */
static __always_inline __u32 dport_class(const struct pkt *pkt)
{
	const __u32 wide = XDPOL_WIDE_PLANES * 256, numbers = wide + 256;
	__u32 slot = pkt->plane < XDPOL_WIDE_PLANES ? pkt->plane << 8 | pkt->dport >> 8
						    : wide + pkt->plane - XDPOL_WIDE_PLANES;
	__u32 page = read_u16(TABLE_OF(dport_pages), slot);

	return read_u16(TABLE_OF(dport_pages), numbers + (page << 8) + (pkt->dport & 255));
}

static __always_inline __u32 sport_class(const struct pkt *pkt)
{
	const __u32 numbers = XDPOL_PORT_PLANES * 256;
	__u32 page;

	if (pkt->plane >= XDPOL_PORT_PLANES)
		return 0;
	page = read_u16(TABLE_OF(sport_pages), pkt->plane << 8 | pkt->sport >> 8);
	return read_u16(TABLE_OF(sport_pages), numbers + (page << 8) + (pkt->sport & 255));
}

static __always_inline struct service service_of(const struct pkt *pkt)
{
	struct service service = {};

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

	if (pkt->plane != XDPOL_PLANE_FRAGMENT)
		packed.key.has |= XDPOL_NEED_L4;
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
	__u32 hash = key * 2654435761U;

	return (hash ^ hash >> 15) & mask;
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

static __always_inline __u32 rule_value(struct rule_tables tables, const struct pkt *pkt, __u32 src_class,
					__u32 dst_class)
{
	struct service service = service_of(pkt);
	__u32 cell = src_class * tables.shape->dst_classes + dst_class;

	if (tables.shape->mode == XDPOL_RULES_SPARSE)
		return sparse_value(tables, pkt, service, src_class, dst_class);
	if (tables.shape->mode == XDPOL_RULES_ROWS)
		return set_value(read_u32(tables.cross, cell), pkt, service);
	cell = cell * shape.dport_classes + service.dport_class;
	cell = cell * shape.sport_classes + service.sport_class;
	return read_u32(tables.cross, cell);
}

/* ---- the tables of each family ---- */

#define ADDRESS4_TABLES(end)                                                                       \
	((struct address4_tables){ &shape.end##4_shape, TABLE_OF(end##4_filter), TABLE_OF(end##4_index), \
				   TABLE_OF(end##4_leaves) })

#define RULE_TABLES(family)                                                                        \
	((struct rule_tables){ &shape.rules##family, TABLE_OF(cross##family),                      \
			       TABLE_OF(src##family##_sets), TABLE_OF(dst##family##_sets),         \
			       TABLE_OF(pairs##family) })

static __always_inline __u32 classify(const struct pkt *pkt)
{
	__u32 classes;

	if (pkt->family == 4)
		return rule_value(RULE_TABLES(4), pkt, address4_class(ADDRESS4_TABLES(src), pkt->src[0]),
				  address4_class(ADDRESS4_TABLES(dst), pkt->dst[0]));
	classes = address6_classes(pkt->src[0], pkt->src[1], pkt->dst[0], pkt->dst[1]);
	return rule_value(RULE_TABLES(6), pkt, classes >> 16, classes & 0xffff);
}
