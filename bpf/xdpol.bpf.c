// SPDX-License-Identifier: (MIT OR GPL-2.0-only)
/*
 * Entry points: XDP for what arrives, tcx egress for outgoing packets, and tcx ingress for arriving packets where XDP cannot or
 * must not be used. All make the same calls.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include "audit.h"
#include "decide.h"
#include "frame.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* A use_packet: filter. */
static __always_inline __u32 filter_packet(const struct pkt *pkt, enum outcome outcome, void *hook)
{
	return filter(pkt, outcome, *(struct hook *)hook);
}

/* What a hook answers. */
static __always_inline int answer_of(__u32 passed, int dropped_answer, int passed_answer)
{
	return dropped_answer + passed * (passed_answer - dropped_answer);
}

SEC("xdp.frags")
int xdpol_ingress(struct xdp_md *ctx)
{
	struct hook hook = { .ctx = ctx, .direction = XDPOL_INGRESS };
	struct cursor cur = frame_cursor(ctx);
	__u32 passed = parse_packet(&cur, cur.left, filter_packet, &hook);

	AUDIT(ctx, audit_xdp, XDPOL_INGRESS, passed);
	return answer_of(passed, XDP_DROP, XDP_PASS);
}

enum { PULL_BYTES = 2048 };

/* What a frame whose headers are not linear is made linear by: enough for any headers but absurd ones. */
static __always_inline __u32 pull_length(const struct __sk_buff *skb)
{
	return skb->len < PULL_BYTES ? skb->len : PULL_BYTES;
}

/* The tag that the stack has taken out of the frame is one of its tags. */
static __always_inline struct cursor skb_cursor(const struct __sk_buff *skb)
{
	return (struct cursor){ .pos = (void *)(long)skb->data,
				.start = &skb->data,
				.end = (void *)(long)skb->data_end,
				.left = skb->len,
				.segmented = skb->gso_size,
				.tagged = skb->vlan_present };
}

static __always_inline __u32 skb_bytes(const struct __sk_buff *skb, const struct cursor *cur)
{
	return skb->len + cur->tagged * sizeof(struct vlan_tag);
}

static __always_inline __u32 parse_skb(const struct __sk_buff *skb, use_packet use, void *context)
{
	struct cursor cur = skb_cursor(skb);

	return parse_packet(&cur, skb_bytes(skb, &cur), use, context);
}

/* A use_packet: what was read is for the caller of the parser. */
static __always_inline __u32 keep_packet(const struct pkt *pkt, enum outcome outcome, void *kept)
{
	*(struct pkt *)kept = *pkt;
	return outcome;
}

/*
 * A frame whose headers were not linear: enum outcome. A global function: the verifier walks the parser once more for it,
 * and not for every path that leads here. There are few such frames: what is plain needs no way of its own.
 */
__noinline __u32 parse_pulled(struct __sk_buff *skb, struct pkt *pkt)
{
	struct cursor cur;

	if (!pkt)
		return MALFORMED;
	bpf_skb_pull_data(skb, pull_length(skb));
	cur = skb_cursor(skb);
	return parse_any(&cur, skb_bytes(skb, &cur), keep_packet, pkt);
}

/* The answer of a use_packet where the headers may be whole once they are linear; otherwise 1 where the packet passes. */
enum { NOT_LINEAR = 2 };

static __always_inline int may_be_whole(const struct __sk_buff *skb, enum outcome outcome)
{
	return outcome == MALFORMED && skb->data_end - skb->data < skb->len;
}

/* A use_packet: filter_packet, where the headers are linear. */
static __always_inline __u32 filter_linear(const struct pkt *pkt, enum outcome outcome, void *context)
{
	struct hook *hook = context;

	return may_be_whole(hook->ctx, outcome) ? NOT_LINEAR : filter(pkt, outcome, *hook);
}

/* Passing leaves the verdict to the next program and the stack. */
static __always_inline int filter_skb(struct __sk_buff *skb, const enum xdpol_direction direction)
{
	struct hook hook = { .ctx = skb, .direction = direction, .is_skb = 1 };
	__u32 passed = parse_skb(skb, filter_linear, &hook);

	if (passed == NOT_LINEAR) {
		struct pkt pkt = {};
		enum outcome outcome = parse_pulled(skb, &pkt);

		passed = filter(&pkt, outcome, hook);
	}
	AUDIT(skb, audit_tc, direction, passed);
	return answer_of(passed, TC_ACT_SHOT, TC_ACT_UNSPEC);
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

/* A packet that the policy in force has decided. */
struct audited {
	struct hook hook;
	__u32 passed;
};

/* A use_packet. */
static __always_inline __u32 compare_packet(const struct pkt *pkt, enum outcome outcome, void *audited)
{
	struct audited *one = audited;

	compare(pkt, outcome, one->hook, one->passed);
	return one->passed;
}

static __always_inline int audit_frame(struct xdp_md *ctx, __u32 passed)
{
	struct audited audited = { .hook = { .ctx = ctx, .direction = XDPOL_INGRESS }, .passed = passed };
	struct cursor cur = frame_cursor(ctx);

	parse_packet(&cur, cur.left, compare_packet, &audited);
	return answer_of(passed, XDP_DROP, XDP_PASS);
}

/* A use_packet: compare_packet, where the headers are linear. */
static __always_inline __u32 compare_linear(const struct pkt *pkt, enum outcome outcome, void *audited)
{
	struct audited *one = audited;

	return may_be_whole(one->hook.ctx, outcome) ? NOT_LINEAR : compare_packet(pkt, outcome, audited);
}

static __always_inline int audit_skb(struct __sk_buff *skb, enum xdpol_direction direction, __u32 passed)
{
	struct audited audited = { .hook = { .ctx = skb, .direction = direction, .is_skb = 1 }, .passed = passed };

	if (parse_skb(skb, compare_linear, &audited) == NOT_LINEAR) {
		struct pkt pkt = {};
		enum outcome outcome = parse_pulled(skb, &pkt);

		compare_packet(&pkt, outcome, &audited);
	}
	return answer_of(passed, TC_ACT_SHOT, TC_ACT_UNSPEC);
}

SEC("xdp.frags")
int xdpol_audit_xdp_dropped(struct xdp_md *ctx)
{
	return audit_frame(ctx, 0);
}

SEC("xdp.frags")
int xdpol_audit_xdp_passed(struct xdp_md *ctx)
{
	return audit_frame(ctx, 1);
}

SEC("tc")
int xdpol_audit_in_dropped(struct __sk_buff *skb)
{
	return audit_skb(skb, XDPOL_INGRESS, 0);
}

SEC("tc")
int xdpol_audit_in_passed(struct __sk_buff *skb)
{
	return audit_skb(skb, XDPOL_INGRESS, 1);
}

SEC("tc")
int xdpol_audit_out_dropped(struct __sk_buff *skb)
{
	return audit_skb(skb, XDPOL_EGRESS, 0);
}

SEC("tc")
int xdpol_audit_out_passed(struct __sk_buff *skb)
{
	return audit_skb(skb, XDPOL_EGRESS, 1);
}
