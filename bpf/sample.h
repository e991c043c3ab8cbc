/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * Samples of packets with who decided them. Each rule has a bucket of its own, so that a flood on one takes nothing from
 * the others. Where the bucket is empty, nothing is written: a packet pays for looking.
 */
#pragma once
#include "maps.h"

#include <linux/bpf.h>

#include <bpf/bpf_endian.h>

/* Where a packet is met. */
struct hook {
	void *ctx; /* struct __sk_buff where is_skb, else struct xdp_md */
	enum xdpol_direction direction;
	int is_skb;
};

/* Direction and verdict, in one argument. */
enum sample_way {
	WAY_EGRESS = 1,
	WAY_PASS = 2,
};

static __always_inline struct xdpol_budget *budget_of(__u32 slot, __u32 way)
{
	__u32 index = slot * XDPOL_DIRECTIONS + (way & WAY_EGRESS);

	return bpf_map_lookup_elem(&budgets, &index);
}

/* Is there one in the rule's bucket, and somebody who reads it? */
static __always_inline int has_token(__u64 now, __u64 next)
{
	return next <= now + sampling.slack && now < sampling.until;
}

/* Takes it; 0 where there is none, or another CPU took one at the same moment. */
static __always_inline int takes_token(struct xdpol_budget *budget)
{
	__u64 now = bpf_jiffies64(), next = budget->next;
	__u64 from = next > now ? next : now;

	if (!has_token(now, next))
		return 0;
	return __sync_bool_compare_and_swap(&budget->next, next, from + sampling.interval);
}

/* In line, so that a packet whose rule has none pays no call. */
static __always_inline int is_sampled(__u32 slot, __u32 way)
{
	struct xdpol_budget *budget = budget_of(slot, way);

	if (!budget || (way & WAY_PASS && !budget->passes))
		return 0;
	return has_token(bpf_jiffies64(), budget->next);
}

/* A place in the ring with everything but the packet; NULL where no sample is to be had. */
static __always_inline struct xdpol_sample *open_sample(__u32 slot, __u32 rank, __u32 way, __u32 bytes)
{
	struct xdpol_budget *budget = budget_of(slot, way);
	struct xdpol_sample *sample;

	if (!budget || !takes_token(budget))
		return NULL;
	sample = bpf_ringbuf_reserve(&samples, sizeof(*sample), 0);
	if (!sample) {
		__sync_fetch_and_add(&budget->lost, 1);
		return NULL;
	}
	__sync_fetch_and_add(&budget->taken, 1);
	__builtin_memset(sample, 0, sizeof(*sample));
	sample->nanoseconds = bpf_ktime_get_ns();
	sample->slot = slot;
	sample->rank = rank;
	sample->bytes = bytes;
	sample->direction = way & WAY_EGRESS;
	sample->pass = way / WAY_PASS;
	return sample;
}

/* The first bytes of a frame of `length`, by the helper of the hook. A wake-up for each costs 400 times a sample: readers poll. */
#define CLOSE_SAMPLE(sample, ctx, load_bytes, length)                                       \
	({                                                                                  \
		__u32 captured = length;                                                    \
                                                                                            \
		if (captured > XDPOL_SAMPLE_BYTES)                                          \
			captured = XDPOL_SAMPLE_BYTES;                                      \
		asm volatile("" : "+r"(captured));                                          \
		if (captured && captured <= XDPOL_SAMPLE_BYTES &&                           \
		    !load_bytes(ctx, 0, (sample)->data, captured))                          \
			(sample)->captured = captured;                                      \
		bpf_ringbuf_submit(sample, BPF_RB_NO_WAKEUP);                               \
	})

/* Global functions: verified once, and none of their registers are the filter's. */
__noinline int sample_frame(struct xdp_md *ctx, __u32 slot, __u32 rank, __u32 way, __u32 bytes)
{
	struct xdpol_sample *sample = open_sample(slot, rank, way, bytes);

	if (!sample)
		return 0;
	sample->ifindex = ctx->ingress_ifindex;
	CLOSE_SAMPLE(sample, ctx, bpf_xdp_load_bytes, bytes);
	return 1;
}

__noinline int sample_skb(struct __sk_buff *skb, __u32 slot, __u32 rank, __u32 way, __u32 bytes)
{
	struct xdpol_sample *sample = open_sample(slot, rank, way, bytes);

	if (!sample)
		return 0;
	sample->ifindex = skb->ifindex;
	if (skb->vlan_present) {
		sample->vlan_tci = skb->vlan_tci;
		sample->vlan_type = bpf_ntohs(skb->vlan_proto);
	}
	CLOSE_SAMPLE(sample, skb, bpf_skb_load_bytes, skb->len);
	return 1;
}

static __always_inline void sample(struct hook hook, __u32 slot, __u32 rank, __u32 pass, __u32 bytes)
{
	__u32 way = (hook.direction == XDPOL_EGRESS ? WAY_EGRESS : 0) | (pass ? WAY_PASS : 0);

	if (!is_sampled(slot, way))
		return;
	if (hook.is_skb)
		sample_skb(hook.ctx, slot, rank, way, bytes);
	else
		sample_frame(hook.ctx, slot, rank, way, bytes);
}
