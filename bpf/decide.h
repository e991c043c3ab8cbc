/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/* Parse outcome -> verdict and counter: what both hooks have in common. */
#pragma once
#include "count.h"
#include "exempt.h"
#include "members.h"
#include "sample.h"

struct decision {
	__u32 slot;
	__u32 rank;
	__u32 pass; /* 0 or 1 */
};

/*
 * A slot with a fixed meaning, as rank_slots has those of the rules: behind the default's stands what is added to it,
 * 0 or SLOT_UNCOUNTED.
 */
static __always_inline __u32 fixed_slot(__u32 slot)
{
	__u32 default_rank = shape.default_value >> XDPOL_VALUE_RANK_SHIFT;

	return slot + read_u32(TABLE_OF(rank_slots), default_rank + 1);
}

/* The pass slot of an outcome stands behind its drop slot. */
static __always_inline struct decision unparsed(__u32 drop_slot)
{
	struct decision decision = { .slot = fixed_slot(drop_slot + !shape.strict), .pass = !shape.strict };

	return decision;
}

/* The counter slot of the filter that decided, which from now on is known to have decided a packet. */
static __always_inline __u32 slot_of_rank(__u32 rank)
{
	struct place place = place_of(TABLE_OF(rank_slots), rank, sizeof(__u32));
	__u32 *entry = place.base + place.offset, slot;

	if (!place.inside)
		return 0;
	slot = *entry;
#ifndef XDPOL_WITHOUT_MARKS
	if (!has_bit(slot, XDPOL_RANK_MATCHED_BIT)) {
		RARE(slot);
		*entry = slot | 1U << XDPOL_RANK_MATCHED_BIT;
	}
#endif
	return slot & ~(1U << XDPOL_RANK_MATCHED_BIT);
}

static __always_inline struct decision decide_packet(const struct pkt *pkt)
{
	struct decision decision = { .pass = 1 };
	__u32 value;

	if (pkt->flags & PKT_SOURCE_ROUTED)
		return (struct decision){ .slot = fixed_slot(XDPOL_SLOT_SOURCE_ROUTED), .pass = 0 };
	decision.slot = exemption_slot(pkt);
	if (decision.slot != NO_EXEMPTION) {
		decision.slot = fixed_slot(decision.slot);
		return decision;
	}
	value = classify(pkt);
	decision.rank = value >> XDPOL_VALUE_RANK_SHIFT;
	decision.pass = value >> XDPOL_VALUE_PERMIT_BIT & 1;
	decision.slot = slot_of_rank(decision.rank);
	return decision;
}

static __always_inline struct decision decide(const struct pkt *pkt, enum outcome outcome)
{
	switch (outcome) {
	case PARSED:
		return decide_packet(pkt);
	case NON_IP:
		return (struct decision){ .slot = fixed_slot(XDPOL_SLOT_NON_IP), .pass = 1 };
	case VLAN_DEPTH:
		return unparsed(XDPOL_SLOT_VLAN_DEPTH_DROP);
	case EXT_HEADERS:
		return unparsed(XDPOL_SLOT_EXT_HEADERS_DROP);
	default:
		return unparsed(XDPOL_SLOT_MALFORMED_DROP);
	}
}

static __always_inline void record(struct decision decision, __u32 fragment)
{
	trace.slot = decision.slot;
	trace.rank = decision.rank;
	trace.pass = decision.pass;
	trace.fragment = fragment;
}

/*
 * A 0 or 1 that clang does not know to be one, and so makes no branch of: where verdicts alternate, no CPU foresees it, and
 * a wrong guess costs more than all tables do.
 */
static __always_inline __u32 without_branch(__u32 pass)
{
	asm volatile("" : "+r"(pass));
	return pass;
}

/* Decides, counts and samples one packet; 1 where it passes, else 0. What cannot be counted is recorded instead. */
static __always_inline __u32 filter(const struct pkt *pkt, enum outcome outcome, struct hook hook)
{
	const enum xdpol_direction direction = hook.direction;
	struct decision decision = decide(pkt, outcome);
	__u32 fragment = outcome == PARSED && pkt->flags & PKT_LATER_FRAGMENT;

	if (!count(decision.slot, direction, pkt->bytes)) {
		RARE(decision.slot);
		record(decision, !!fragment);
		return without_branch(decision.pass);
	}
	if (fragment)
		count(XDPOL_SLOT_FRAGMENT, direction, pkt->bytes);
#ifndef XDPOL_WITHOUT_SAMPLES
	if (sampling.until) {
		RARE(decision.slot);
		if (!decision.pass || sampling.passes)
			sample(hook, decision.slot, decision.rank, decision.pass, pkt->bytes);
	}
#endif
	return without_branch(decision.pass);
}
