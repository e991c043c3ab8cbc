/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * Counters. Every packet adds to exactly one slot, and a later fragment to SLOT_FRAGMENT besides.
 * Both hooks run with bottom halves off, so one CPU's slot has one writer at a time.
 */
#pragma once
#include "maps.h"

static __always_inline void count(__u32 slot, enum xdpol_direction direction, __u32 bytes)
{
	__u32 index = slot * XDPOL_DIRECTIONS + direction;
	struct xdpol_counter *counter = bpf_map_lookup_elem(&counters, &index);

	if (!counter)
		return;
	counter->packets++;
	counter->bytes += bytes;
	counter->jiffies = bpf_jiffies64();
}
