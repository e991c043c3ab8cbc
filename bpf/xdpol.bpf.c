// SPDX-License-Identifier: (MIT OR GPL-2.0-only)
/*
 * Entry points: XDP for what arrives, tcx egress for outgoing packets, and tcx ingress for arriving packets where XDP cannot or
 * must not be used. All make the same calls.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include "decide.h"
#include "frame.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* A use_packet: counts the packet and answers whether it passes. */
static __always_inline __u32 filter_packet(const struct pkt *pkt, enum outcome outcome, void *hook)
{
	return filter(pkt, outcome, *(struct hook *)hook);
}

/* Headers are read from the first buffer; the frame's length counts all of them. */
SEC("xdp.frags")
int xdpol_ingress(struct xdp_md *ctx)
{
	struct hook hook = { .ctx = ctx, .direction = XDPOL_INGRESS };
	__u32 bytes = frame_length(ctx);
	struct cursor cur = { .pos = (void *)(long)ctx->data, .end = (void *)(long)ctx->data_end, .left = bytes };

	return parse_packet(&cur, bytes, filter_packet, &hook) ? XDP_PASS : XDP_DROP;
}

enum { PULL_BYTES = 2048 };

/* What a frame whose headers are not linear is made linear by: enough for any headers but absurd ones. */
static __always_inline __u32 pull_length(const struct __sk_buff *skb)
{
	return skb->len < PULL_BYTES ? skb->len : PULL_BYTES;
}

/* A use_packet: keeps the packet and answers with the outcome, for what may have to be read again. */
static __always_inline __u32 keep_packet(const struct pkt *pkt, enum outcome outcome, void *kept)
{
	*(struct pkt *)kept = *pkt;
	return outcome;
}

/* The tag that the stack has taken out of the frame is one of its tags. */
static __always_inline enum outcome parse_skb(const struct __sk_buff *skb, struct pkt *pkt)
{
	struct cursor cur = { .pos = (void *)(long)skb->data,
			      .end = (void *)(long)skb->data_end,
			      .left = skb->len,
			      .segmented = skb->gso_size,
			      .tagged = skb->vlan_present };

	return parse_packet(&cur, skb->len + cur.tagged * sizeof(struct vlan_tag), keep_packet, pkt);
}

/* Passing leaves the verdict to the next program and the stack. */
static __always_inline int filter_skb(struct __sk_buff *skb, enum xdpol_direction direction)
{
	struct hook hook = { .ctx = skb, .direction = direction, .is_skb = 1 };
	struct pkt pkt;
	enum outcome outcome = parse_skb(skb, &pkt);

	if (outcome == MALFORMED && skb->data_end - skb->data < skb->len && !bpf_skb_pull_data(skb, pull_length(skb)))
		outcome = parse_skb(skb, &pkt);
	return filter(&pkt, outcome, hook) ? TC_ACT_UNSPEC : TC_ACT_SHOT;
}

SEC("tc")
int xdpol_egress(struct __sk_buff *skb)
{
	return filter_skb(skb, XDPOL_EGRESS);
}

/* In the place of xdpol_ingress. */
SEC("tc")
int xdpol_tcx(struct __sk_buff *skb)
{
	return filter_skb(skb, XDPOL_INGRESS);
}
