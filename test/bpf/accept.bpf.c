/* SPDX-License-Identifier: MIT */
/* Somebody else's egress filter. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "MIT";

SEC("tc")
int accept(struct __sk_buff *skb)
{
	return 0;
}
