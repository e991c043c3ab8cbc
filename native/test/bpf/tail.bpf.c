// SPDX-License-Identifier: GPL-2.0
/* A program array that the object itself fills. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp.frags")
int target(struct xdp_md *ctx)
{
	return XDP_TX;
}

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, int(void *));
} targets SEC(".maps") = { .values = { [1] = (void *)&target } };

SEC("xdp.frags")
int caller(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &targets, 1);
	return XDP_ABORTED;
}

char LICENSE[] SEC("license") = "GPL";
