// SPDX-License-Identifier: (MIT OR GPL-2.0-only)
/*
 * The gate stands in front of a policy that nobody has confirmed yet: before the deadline it jumps to that policy's
 * program, from the deadline on to the one that was in force before. No process takes part, so the return comes even
 * where every process of ours is dead. It stands there only until it is decided: a confirmed policy is attached itself,
 * and pays nothing for it.
 *
 * The clock is here because it is as small: it tells what jiffies64 is now.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_helpers.h>

#include "layout.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* enum xdpol_gate. The kernel empties a program array when nobody in userspace holds it: the loader pins it. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
	__uint(max_entries, XDPOL_GATE_PROGRAMS);
} programs SEC(".maps");

/* jiffies64; 0 where the policy is confirmed. The loader puts one map in for all gates of a change. */
__u64 deadline SEC(".data.deadline");

/* Nothing was in force before: from the deadline on everything passes. */
const volatile __u32 open_before = 0;

static __always_inline int is_over(void)
{
	__u64 at = *(volatile __u64 *)&deadline;

	return at && (__s64)(bpf_jiffies64() - at) >= 0;
}

/* Never more open than before the change: an array that was emptied closes the hook where something was in force. */
SEC("xdp.frags")
int xdpol_gate_xdp(struct xdp_md *ctx)
{
	if (!is_over())
		bpf_tail_call(ctx, &programs, XDPOL_GATE_CANDIDATE);
	bpf_tail_call(ctx, &programs, XDPOL_GATE_PREVIOUS);
	return open_before ? XDP_PASS : XDP_DROP;
}

SEC("tc")
int xdpol_gate_tc(struct __sk_buff *skb)
{
	if (!is_over())
		bpf_tail_call(skb, &programs, XDPOL_GATE_CANDIDATE);
	bpf_tail_call(skb, &programs, XDPOL_GATE_PREVIOUS);
	return open_before ? TC_ACT_UNSPEC : TC_ACT_SHOT;
}

__u64 ticks; /* jiffies64 when the clock ran last */

SEC("xdp")
int xdpol_clock(void *ctx __attribute__((unused)))
{
	ticks = bpf_jiffies64();
	return XDP_PASS;
}
