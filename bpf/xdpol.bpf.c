// SPDX-License-Identifier: (MIT OR GPL-2.0-only)
/*
 * Entry points: XDP for what arrives, tcx egress for what leaves, and tcx ingress for what arrives where XDP cannot or
 * must not be used. All make the same calls.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include "decide.h"
#include "frame.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* The tag that the stack has taken out of the frame is one of its tags. */
static __always_inline enum outcome parse_skb(const struct __sk_buff *skb, struct pkt *pkt)
{
	struct cursor cur = { .pos = (void *)(long)skb->data,
			      .end = (void *)(long)skb->data_end,
			      .left = skb->len,
			      .segmented = skb->gso_size,
			      .tagged = skb->vlan_present };

	*pkt = (struct pkt){ .bytes = skb->len + cur.tagged * sizeof(struct vlan_tag) };
	return parse(&cur, pkt);
}

/* A way of its own through parser and filter for each family: neither carries the other's fields along. */
static __always_inline __u32 filter_by_family(struct cursor *cur, struct pkt *pkt, struct hook hook)
{
	struct pkt plain = { .bytes = pkt->bytes };
	__be16 type_be;
	int outcome;

	if (is_plain4(cur, &plain))
		return filter(&plain, PARSED, hook);
	outcome = parse_link(cur, pkt, &type_be);
	if (outcome != PARSED)
		return filter(pkt, outcome, hook);
	if (type_be == bpf_htons(ETH_P_IP))
		return filter(pkt, parse_ipv4(cur, pkt), hook);
	if (type_be == bpf_htons(ETH_P_IPV6))
		return filter(pkt, parse_ipv6(cur, pkt), hook);
	return filter(pkt, NON_IP, hook);
}

/* Headers are read from the first buffer; the frame's length counts all of them. */
SEC("xdp.frags")
int xdpol_ingress(struct xdp_md *ctx)
{
	struct pkt pkt = { .bytes = frame_length(ctx) };
	struct cursor cur = { .pos = (void *)(long)ctx->data,
			      .end = (void *)(long)ctx->data_end,
			      .left = pkt.bytes };
	struct hook hook = { .ctx = ctx, .direction = XDPOL_INGRESS };

	return filter_by_family(&cur, &pkt, hook) ? XDP_PASS : XDP_DROP;
}

enum { PULL_BYTES = 2048 };

/* What a frame whose headers are not linear is made linear by: enough for any headers but absurd ones. */
static __always_inline __u32 pull_length(const struct __sk_buff *skb)
{
	return skb->len < PULL_BYTES ? skb->len : PULL_BYTES;
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
