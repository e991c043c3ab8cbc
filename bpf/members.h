/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * struct pkt -> rule value. An address has a class; a member of a live set has one more for each set that it is in, which
 * stands for (set, length). The value is the lowest of every pair of a source's and a destination's classes.
 */
#pragma once
#include "classify.h"
#include "live.h"

/* What the rules read of a packet besides its addresses, in one word that a global function can be given. */
union service_word {
	struct {
		__u16 sport, dport;
		__u8 family, protocol, plane, unused;
	} of;
	__u64 word;
};

static __always_inline __u64 service_word_of(const struct pkt *pkt)
{
	const union service_word packed = { .of = { .sport = pkt->sport,
						    .dport = pkt->dport,
						    .family = pkt->family,
						    .protocol = pkt->protocol,
						    .plane = pkt->plane } };

	return packed.word;
}

static __always_inline struct pkt packet_of_service(__u64 word)
{
	const union service_word packed = { .word = word };

	return (struct pkt){ .sport = packed.of.sport,
			     .dport = packed.of.dport,
			     .family = packed.of.family,
			     .protocol = packed.of.protocol,
			     .plane = packed.of.plane };
}

/* Global functions: the verifier walks the rules of a family once, and not for every pair of classes. */
__noinline __u32 value4_of_classes(__u64 classes, __u64 service)
{
	const struct pkt pkt = packet_of_service(service);

	return rule_value(RULE_TABLES(4), &pkt, service_of(&pkt, shape.rules4.mode), classes >> 32, classes);
}

__noinline __u32 value6_of_classes(__u64 classes, __u64 service)
{
	const struct pkt pkt = packet_of_service(service);

	return rule_value(RULE_TABLES(6), &pkt, service_of(&pkt, shape.rules6.mode), classes >> 32, classes);
}

/* Of one family. */
struct members {
	const volatile __u32 *src_classes;
	__u32 (*value_of_classes)(__u64 classes, __u64 service);
	__u32 (*value_of_source)(__u32 src_class, __u64 dst_found, __u64 service);
};

#define MEMBERS(family)                                                                                      \
	((struct members){ live_shape.src##family##_classes, value##family##_of_classes, value##family##_of_source })

static __always_inline __u32 value_of_source(const volatile __u32 *dst_classes,
					     __u32 (*value_of_classes)(__u64 classes, __u64 service), __u32 src_class,
					     __u64 dst_found, __u64 service)
{
	__u32 value = shape.default_value;

	for (__u32 set = 0; set < XDPOL_LIVE_SETS && dst_found >> set * 4; set++) {
		__u32 dst_class = live_class(dst_classes, dst_found, set);

		if (dst_class)
			value = minimum(value, value_of_classes(two_rows(src_class, dst_class), service));
	}
	return value;
}

/* The lowest value of one class of the source with those that the destination has as a member. Global functions again. */
__noinline __u32 value4_of_source(__u32 src_class, __u64 dst_found, __u64 service)
{
	return value_of_source(live_shape.dst4_classes, value4_of_classes, src_class, dst_found, service);
}

__noinline __u32 value6_of_source(__u32 src_class, __u64 dst_found, __u64 service)
{
	return value_of_source(live_shape.dst6_classes, value6_of_classes, src_class, dst_found, service);
}

/* The lowest value of every pair of classes but that of the addresses alone, which are in `classes`, source first. */
static __always_inline __u32 value_of_members(struct members members, __u64 classes, __u64 src_found, __u64 dst_found,
					      __u64 service)
{
	__u32 value = shape.default_value;

	if (dst_found)
		value = members.value_of_source(classes >> 32, dst_found, service);
	for (__u32 set = 0; set < XDPOL_LIVE_SETS && src_found >> set * 4; set++) {
		__u32 src_class = live_class(members.src_classes, src_found, set);

		if (!src_class)
			continue;
		value = minimum(value, members.value_of_classes(two_rows(src_class, classes), service));
		if (dst_found)
			value = minimum(value, members.value_of_source(src_class, dst_found, service));
	}
	return value;
}

__noinline __u32 value4_of_members(__u64 classes, __u64 src_found, __u64 dst_found, __u64 service)
{
	return value_of_members(MEMBERS(4), classes, src_found, dst_found, service);
}

__noinline __u32 value6_of_members(__u64 classes, __u64 src_found, __u64 dst_found, __u64 service)
{
	return value_of_members(MEMBERS(6), classes, src_found, dst_found, service);
}

/* Filters ask for one set, and at one end: a member has two classes, and the packet two pairs of them. This is the second. */
static __always_inline __u32 value_of_only_set(const volatile struct xdpol_live_table_shape *table, struct rule_tables tables,
					       const struct pkt *pkt, struct service service,
					       const volatile __u32 *classes, __u64 found, __u32 src_class, __u32 dst_class)
{
	__u32 live = live_class(classes, found, table->only_set);

	if (!live)
		return shape.default_value;
	if (table->ends == XDPOL_LIVE_SOURCE)
		src_class = live;
	else
		dst_class = live;
	return rule_value(tables, pkt, service, src_class, dst_class);
}

/*
 * `value`, or a lower one of a pair that the packet has because an address is a member. Without calls where one read tells
 * the value of a pair: other tables are searched, and the verifier would walk the search for members once for each end of
 * that search.
 */
static __always_inline __u32 live4_value(const struct pkt *pkt, struct service service, __u32 src_class, __u32 dst_class,
					 __u32 value)
{
	const volatile struct xdpol_live_table_shape *table = &live_shape.live4;
	const int of_source = table->ends & XDPOL_LIVE_SOURCE;
	const __u32 address = of_source ? pkt->src[0] : pkt->dst[0];
	const int in_place = one_end(table) && shape.rules4.mode == XDPOL_RULES_DENSE;
	__u64 found, dst_found = 0;

	found = live4_sets(address, in_place && pkt->is_plain);
	if (!one_end(table))
		dst_found = live4_sets(pkt->dst[0], 0);
	if (!(found | dst_found))
		return value;
	if (in_place && table->only_set < XDPOL_LIVE_SETS)
		return minimum(value, value_of_only_set(table, RULE_TABLES(4), pkt, service,
							of_source ? live_shape.src4_classes : live_shape.dst4_classes,
							found, src_class, dst_class));
	if (!of_source)
		return minimum(value, value4_of_members(two_rows(src_class, dst_class), 0, found, service_word_of(pkt)));
	return minimum(value, value4_of_members(two_rows(src_class, dst_class), found, dst_found, service_word_of(pkt)));
}

static __always_inline __u32 classify4(const struct pkt *pkt)
{
	const __u32 src_class = address4_class(ADDRESS4_TABLES(src), pkt->src[0]);
	const __u32 dst_class = address4_class(ADDRESS4_TABLES(dst), pkt->dst[0]);
	const __u32 live_ends = live_shape.live4.ends;
	struct service service;
	__u32 value;

	/* Apart from all else, so that nothing is kept for what other policies go on with. */
	if (shape.rules4.mode == XDPOL_RULES_DENSE && !live_ends)
		return dense_value(RULE_TABLES(4), src_class, dst_class, service_cell(pkt));
	service = service_of(pkt, shape.rules4.mode);
	value = rule_value(RULE_TABLES(4), pkt, service, src_class, dst_class);
	return live_ends ? live4_value(pkt, service, src_class, dst_class, value) : value;
}

/* The same of IPv6. */
static __always_inline __u32 live6_value(const struct pkt *pkt, struct service service, __u32 src_class, __u32 dst_class,
					 __u32 value)
{
	const volatile struct xdpol_live_table_shape *table = &live_shape.live6;
	const int of_source = table->ends & XDPOL_LIVE_SOURCE;
	const __u64 high = of_source ? pkt->src[0] : pkt->dst[0], low = of_source ? pkt->src[1] : pkt->dst[1];
	const int in_place = one_end(table) && shape.rules6.mode == XDPOL_RULES_DENSE;
	__u64 found, dst_found = 0;

	found = live6_sets(high, low, in_place && pkt->is_plain);
	if (!one_end(table))
		dst_found = live6_sets(pkt->dst[0], pkt->dst[1], 0);
	if (!(found | dst_found))
		return value;
	if (in_place && table->only_set < XDPOL_LIVE_SETS)
		return minimum(value, value_of_only_set(table, RULE_TABLES(6), pkt, service,
							of_source ? live_shape.src6_classes : live_shape.dst6_classes,
							found, src_class, dst_class));
	if (!of_source)
		return minimum(value, value6_of_members(two_rows(src_class, dst_class), 0, found, service_word_of(pkt)));
	return minimum(value, value6_of_members(two_rows(src_class, dst_class), found, dst_found, service_word_of(pkt)));
}

static __always_inline __u32 classify6(const struct pkt *pkt)
{
	const __u32 src_class = address6_class(ADDRESS6_TABLES(src), src6_class, pkt->src);
	const __u32 dst_class = address6_class(ADDRESS6_TABLES(dst), dst6_class, pkt->dst);
	const __u32 live_ends = live_shape.live6.ends;
	struct service service;
	__u32 value;

	/* Apart from all else, so that nothing is kept for what other policies go on with. */
	if (shape.rules6.mode == XDPOL_RULES_DENSE && !live_ends)
		return dense_value(RULE_TABLES(6), src_class, dst_class, service_cell(pkt));
	service = service_of(pkt, shape.rules6.mode);
	value = rule_value(RULE_TABLES(6), pkt, service, src_class, dst_class);
	return live_ends ? live6_value(pkt, service, src_class, dst_class, value) : value;
}

static __always_inline __u32 classify(const struct pkt *pkt)
{
	return pkt->family == 4 ? classify4(pkt) : classify6(pkt);
}
