// SPDX-License-Identifier: GPL-2.0
/* Two programs with one map; read-only data says which of them the verifier refuses. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

enum { NOBODY, FIRST, SECOND, BOTH };

const volatile __u32 refused;
__u32 runs[2];

SEC("xdp.frags")
int first(struct xdp_md *ctx)
{
	if (refused == FIRST || refused == BOTH)
		return *(__u8 *)(long)ctx->data;
	runs[0]++;
	return XDP_PASS;
}

/* A global function: the kernel takes it only with the types of its parameters. */
__noinline int count_second(struct __sk_buff *skb)
{
	runs[1] += skb->len > 0;
	return TC_ACT_OK;
}

SEC("tc")
int second(struct __sk_buff *skb)
{
	if (refused == SECOND || refused == BOTH)
		return *(__u8 *)((long)skb->data + 1);
	return count_second(skb);
}

char LICENSE[] SEC("license") = "GPL";
