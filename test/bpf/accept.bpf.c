/* SPDX-License-Identifier: MIT */
/* Somebody else's filters: both let everything through. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "MIT";

SEC("tc")
int accept(struct __sk_buff *skb)
{
	return 0;
}

SEC("xdp")
int accept_xdp(struct xdp_md *ctx)
{
	return XDP_PASS;
}
