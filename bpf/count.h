/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * Counters. Every packet adds to exactly one slot, and a later fragment to SLOT_FRAGMENT besides. Where the slot has no
 * counter, nothing is counted.
 * Both hooks run with bottom halves off, so one CPU's slot has one writer at a time.
 */
#pragma once
#include "maps.h"

/* 0 where the slot has no counter. */
static __always_inline int count(__u32 slot, enum xdpol_direction direction, __u32 bytes)
{
#ifdef XDPOL_WITHOUT_COUNTERS
	return 1;
#endif
	__u32 index = slot * XDPOL_DIRECTIONS + direction;
	struct xdpol_counter *counter = bpf_map_lookup_elem(&counters, &index);

	if (!counter)
		return 0;
	counter->packets++;
	counter->bytes += bytes;
#ifndef XDPOL_WITHOUT_LAST_MATCH
	counter->jiffies = bpf_jiffies64();
#endif
	return 1;
}
