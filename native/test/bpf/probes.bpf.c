// SPDX-License-Identifier: GPL-2.0
/* One small program per thing that the tests look at. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct record {
	__u32 length;
	__u32 mark;
};

const volatile __u32 mark = 7;
const volatile __u8 label[6] = "label";
/* Bytes of `.data.tables` that may be read: the map that stands for it may be larger than the section. */
const volatile __u32 table_size = 64;

struct record last;
__u64 initial = 5;
__u8 tables[64] SEC(".data.tables") = { 1, 2, 3 };

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} hits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, __u64);
} seen SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

SEC("xdp")
int keep_record(struct xdp_md *ctx)
{
	__u32 zero = 0;
	__u32 *hit = bpf_map_lookup_elem(&hits, &zero);

	last.length = ctx->data_end - ctx->data;
	last.mark = mark + label[0];
	initial++;
	if (hit)
		*hit += 1;
	return XDP_PASS;
}

SEC("xdp")
int drop(struct xdp_md *ctx)
{
	return XDP_DROP;
}

/* The verdict is the table's byte at the index that the packet's first byte and its 256s make. */
SEC("xdp")
int read_table(struct xdp_md *ctx)
{
	const __u8 *packet = (const __u8 *)(long)ctx->data;
	__u64 index;

	if ((const void *)(packet + 2) > (const void *)(long)ctx->data_end)
		return XDP_ABORTED;
	index = packet[0] | packet[1] << 8;
	if (index >= table_size)
		return XDP_ABORTED;
	return *(volatile __u8 *)(tables + index);
}

SEC("xdp")
int emit(struct xdp_md *ctx)
{
	struct record *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);

	if (!record)
		return XDP_DROP;
	record->length = ctx->data_end - ctx->data;
	record->mark = mark;
	bpf_ringbuf_submit(record, 0);
	return XDP_PASS;
}

SEC("xdp")
int remember_interface(struct xdp_md *ctx)
{
	__u32 key = ctx->ingress_ifindex;
	__u64 value = 1;

	bpf_map_update_elem(&seen, &key, &value, BPF_ANY);
	return XDP_PASS;
}

SEC("xdp")
int shorten(struct xdp_md *ctx)
{
	return bpf_xdp_adjust_tail(ctx, -4) ? XDP_ABORTED : XDP_TX;
}

SEC("tc")
int accept(struct __sk_buff *skb)
{
	return 0;
}

SEC("tc")
int shoot(struct __sk_buff *skb)
{
	return 2;
}

char LICENSE[] SEC("license") = "GPL";
