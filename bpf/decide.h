/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/* Parse outcome -> verdict and counter: what both hooks have in common. */
#pragma once
#include "classify.h"
#include "count.h"
#include "exempt.h"
#include "sample.h"

struct decision {
	__u32 slot;
	__u32 rank;
	__u32 pass;
};

/* The pass slot of an outcome stands behind its drop slot. */
static __always_inline struct decision unparsed(__u32 drop_slot)
{
	struct decision decision = { .slot = drop_slot + !shape.strict, .pass = !shape.strict };

	return decision;
}

static __always_inline struct decision decide_packet(const struct pkt *pkt)
{
	struct decision decision = { .slot = NO_EXEMPTION, .pass = 1 };
	__u32 value;

	if (pkt->flags & PKT_SOURCE_ROUTED)
		return (struct decision){ .slot = XDPOL_SLOT_SOURCE_ROUTED, .pass = 0 };
	if (exemptions_of(pkt->family))
		decision.slot = exemption_slot(pkt);
	if (decision.slot != NO_EXEMPTION)
		return decision;
	value = classify(pkt);
	decision.rank = value >> XDPOL_VALUE_RANK_SHIFT;
	decision.pass = value & 1U << XDPOL_VALUE_PERMIT_BIT;
	decision.slot = read_u32(TABLE_OF(rank_slots), decision.rank);
	return decision;
}

static __always_inline struct decision decide(const struct pkt *pkt, enum outcome outcome)
{
	switch (outcome) {
	case PARSED:
		return decide_packet(pkt);
	case NON_IP:
		return (struct decision){ .slot = XDPOL_SLOT_NON_IP, .pass = 1 };
	case VLAN_DEPTH:
		return unparsed(XDPOL_SLOT_VLAN_DEPTH_DROP);
	case EXT_HEADERS:
		return unparsed(XDPOL_SLOT_EXT_HEADERS_DROP);
	default:
		return unparsed(XDPOL_SLOT_MALFORMED_DROP);
	}
}

/* Decides, counts and samples one packet; not 0 where it passes. */
static __always_inline __u32 filter(const struct pkt *pkt, enum outcome outcome, struct hook hook)
{
	const enum xdpol_direction direction = hook.direction;
	struct decision decision = decide(pkt, outcome);
	__u32 fragment = outcome == PARSED && pkt->flags & PKT_LATER_FRAGMENT;

	count(decision.slot, direction, pkt->bytes);
	if (fragment)
		count(XDPOL_SLOT_FRAGMENT, direction, pkt->bytes);
	if (__builtin_expect(sampling.until, 0) && (!decision.pass || sampling.passes))
		sample(hook, decision.slot, decision.rank, decision.pass, pkt->bytes);
	if (shape.trace) {
		trace.slot = decision.slot;
		trace.rank = decision.rank;
		trace.pass = decision.pass;
		trace.fragment = fragment;
	}
	return decision.pass;
}
