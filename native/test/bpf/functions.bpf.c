// SPDX-License-Identifier: GPL-2.0
/* Read-only data says which functions are called. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

const volatile __u32 path;
const volatile __u32 one = 1;
__u32 calls[4];

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} depths SEC(".maps");

/* Of the kernel: to find its place, libbpf reads the kernel's BTF. */
struct xdp_buff___local {
	__u32 flags;
} __attribute__((preserve_access_index));

__noinline int deepest(__u32 n)
{
	__u32 zero = 0, *depth = bpf_map_lookup_elem(&depths, &zero);

	calls[0] += n;
	if (depth)
		*depth += n;
	return 10 + bpf_core_field_exists(((struct xdp_buff___local *)0)->flags);
}

__noinline int deep(__u32 n)
{
	calls[1] += n;
	return deepest(n) + 10;
}

static long each(__u32 index, void *sum)
{
	calls[2]++;
	*(__u32 *)sum += index;
	return 0;
}

__noinline int looped(__u32 n)
{
	__u32 sum = 0;

	bpf_loop(n, each, &sum, 0);
	return sum;
}

__noinline int plain(__u32 n)
{
	calls[3] += n;
	return 1;
}

SEC("xdp.frags")
int chosen(struct xdp_md *ctx)
{
	int sum = 0;

	if (path & 1)
		sum += deep(one);
	if (path & 2)
		sum += looped(4 * one);
	if (path & 4)
		sum += deepest(one);
	return sum + plain(one);
}

char LICENSE[] SEC("license") = "GPL";
