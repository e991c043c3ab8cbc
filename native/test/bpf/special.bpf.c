// SPDX-License-Identifier: GPL-2.0
/* Read-only data says which way it goes. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

const volatile __u32 path;
__u64 deepest;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} depths SEC(".maps");

static __noinline int far_away(__u32 length)
{
	__u32 zero = 0;
	__u64 *depth = bpf_map_lookup_elem(&depths, &zero);

	if (depth)
		*depth += length;
	return 4;
}

__noinline int further_away(__u32 length)
{
	deepest = length;
	return far_away(length) + 2;
}

SEC("xdp.frags")
int chosen(struct xdp_md *ctx)
{
	__u32 length = ctx->data_end - ctx->data;

	if (path == 1)
		return 1 + far_away(length);
	if (path == 2)
		return 1 + further_away(length);
	return 1;
}

static __noinline __u64 before(volatile __u64 *word)
{
	return word[-1];
}

/* Gives its stack away by a pointer into the middle. */
SEC("xdp.frags")
int backwards(struct xdp_md *ctx)
{
	volatile __u64 pair[2];

	pair[0] = ctx->data_end - ctx->data;
	pair[1] = path;
	return before(&pair[1]);
}

char LICENSE[] SEC("license") = "GPL";
