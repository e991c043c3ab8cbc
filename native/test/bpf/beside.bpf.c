// SPDX-License-Identifier: GPL-2.0
/* Two programs with the same maps; read-only data says which of them the verifier refuses. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

enum { NOBODY, FIRST, SECOND, BOTH };

const volatile __u32 refused;
const volatile __u32 step = 1;
__u32 runs[2];
__u8 tables[64] SEC(".data.tables") = { 1, 2, 3 };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} seen SEC(".maps");

/* Of the kernel: to find its place, libbpf reads the kernel's BTF. */
struct xdp_buff___local {
	__u32 flags;
} __attribute__((preserve_access_index));

SEC("xdp.frags")
int first(struct xdp_md *ctx)
{
	__u32 zero = 0;
	__u64 *count = bpf_map_lookup_elem(&seen, &zero);

	if (refused == FIRST || refused == BOTH)
		return *(__u8 *)(long)ctx->data;
	if (count && bpf_core_field_exists(((struct xdp_buff___local *)0)->flags))
		++*count;
	runs[0] += step;
	return *(volatile __u8 *)tables;
}

/* A global function: the kernel takes it only with the types of its parameters. */
__noinline int count_second(struct __sk_buff *skb)
{
	runs[1] += skb->len > 0 ? step : 0;
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
