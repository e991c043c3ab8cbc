// SPDX-License-Identifier: GPL-2.0
/* Reads a packet byte without looking whether it is there: the verifier refuses. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} innocent SEC(".maps");

SEC("xdp")
int fine(struct xdp_md *ctx)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&innocent, &zero) ? XDP_PASS : XDP_DROP;
}

SEC("xdp")
int careless(struct xdp_md *ctx)
{
	return *(__u8 *)(long)ctx->data;
}

char LICENSE[] SEC("license") = "GPL";
