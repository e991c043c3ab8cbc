// SPDX-License-Identifier: (MIT OR GPL-2.0-only)
/*
 * Packets for measuring: a generator that gives every run another packet, and the baselines.
 *
 * A test run repeats one packet, which keeps every table line hot. Here each run rewrites the packet
 * from the next tuple of a ring and tail-calls the program under test, so that tables are read as
 * traffic reads them. Every figure is a difference to `bare` behind the same generator.
 */
#include <linux/bpf.h>

#include "count.h"
#include "frame.h"
#include "parse.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

enum {
	RING_SIZE = 1 << 20, /* the tuples of one ring: far more than caches hold lines for */
};

/*
 * As they stand in a packet, so that both sides copy bytes. Words of the size that the parser reads:
 * a load that spans several smaller stores waits for all of them, which traffic never does.
 */
struct tuple4 {
	__be32 addresses_be[2];
	__be32 ports_be; /* ICMP: type, code and checksum */
	__u8 protocol;
	__u8 unused;
	__be16 check_be; /* of the IP header: whoever is reached through the stack wants it right */
};

struct tuple6 {
	__be32 addresses_be[8];
	__be32 ports_be;
	__u8 protocol;
	__u8 unused[3];
};

_Static_assert(sizeof(struct tuple4) == 16, "no padding");
_Static_assert(sizeof(struct tuple6) == 40, "no padding");

#define RING(name, tuple)                              \
	struct {                                       \
		__uint(type, BPF_MAP_TYPE_ARRAY);      \
		__uint(map_flags, BPF_F_MMAPABLE);     \
		__type(key, __u32);                    \
		__type(value, tuple);                  \
		__uint(max_entries, RING_SIZE);        \
	} name SEC(".maps")

RING(ring4, struct tuple4);
RING(ring6, struct tuple6);

/* The program under test. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
	__uint(max_entries, 1);
} under_test SEC(".maps");

/* The same for programs without frags: one array takes only one kind. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
	__uint(max_entries, 1);
} under_test_linear SEC(".maps");

const volatile __u32 out_ifindex; /* where the live generator sends its frames */
__u32 live_ifindex; /* where send4_valid sends its frames */
__u32 position; /* in the ring */
__u64 sink; /* keeps the parser's results alive */

/* The next tuple into the packet, or 0 where the packet is not the template it has to be. */
#define REWRITE(ctx, ring, ip_header, addresses_at, protocol_at)                               \
	({                                                                                     \
		void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;      \
		void *ip = data + ETH_HLEN;                                                    \
		__u32 key = position++ & (RING_SIZE - 1);                                      \
		typeof(*ring.value) *tuple = bpf_map_lookup_elem(&ring, &key);                 \
		int whole = tuple && ip + sizeof(ip_header) + sizeof(__be32) <= end;           \
                                                                                               \
		if (whole) {                                                                   \
			__be32 *addresses_be = ip + addresses_at;                              \
                                                                                               \
			_Pragma("unroll") for (__u32 i = 0; i < sizeof(tuple->addresses_be) / sizeof(__be32); i++) \
				addresses_be[i] = tuple->addresses_be[i];                      \
			*(__be32 *)(ip + sizeof(ip_header)) = tuple->ports_be;                 \
			*(__u8 *)(ip + protocol_at) = tuple->protocol;                         \
		}                                                                              \
		whole ? tuple : NULL;                                                          \
	})

SEC("xdp.frags")
int generate4(struct xdp_md *ctx)
{
	if (REWRITE(ctx, ring4, struct iphdr, 12, 9))
		bpf_tail_call(ctx, &under_test, 0);
	return XDP_ABORTED;
}

SEC("xdp")
int generate4_linear(struct xdp_md *ctx)
{
	if (REWRITE(ctx, ring4, struct iphdr, 12, 9))
		bpf_tail_call(ctx, &under_test_linear, 0);
	return XDP_ABORTED;
}

SEC("xdp.frags")
int generate6(struct xdp_md *ctx)
{
	if (REWRITE(ctx, ring6, struct ipv6hdr, 8, 6))
		bpf_tail_call(ctx, &under_test, 0);
	return XDP_ABORTED;
}

/* For live frames: what runs on the other end of a veth pair is under test. */
SEC("xdp.frags")
int send4(struct xdp_md *ctx)
{
	return REWRITE(ctx, ring4, struct iphdr, 12, 9) ? bpf_redirect(out_ifindex, 0) : XDP_ABORTED;
}

/* The same to an interface that changes between runs, by packets that the IP stack takes. */
SEC("xdp.frags")
int send4_valid(struct xdp_md *ctx)
{
	struct tuple4 *tuple = REWRITE(ctx, ring4, struct iphdr, 12, 9);
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct iphdr *ip = data + ETH_HLEN;

	if (!tuple || (void *)(ip + 1) > end)
		return XDP_ABORTED;
	ip->check = tuple->check_be;
	return bpf_redirect(live_ifindex, 0);
}

/* ---- baselines ---- */

SEC("xdp.frags")
int bare(struct xdp_md *ctx __attribute__((unused)))
{
	return XDP_DROP;
}

SEC("xdp")
int bare_linear(struct xdp_md *ctx __attribute__((unused)))
{
	return XDP_DROP;
}

/* As the filter parses: a way of its own for each family. */
static __always_inline int parse_frame(struct xdp_md *ctx, struct pkt *pkt)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct cursor cur = { .pos = data, .end = end, .left = pkt->bytes };
	__be16 type_be;
	int outcome = parse_link(&cur, pkt, &type_be);

	if (outcome != PARSED)
		return outcome;
	if (type_be == bpf_htons(ETH_P_IP)) {
		outcome = parse_ipv4(&cur, pkt);
		sink = pkt->src[0] ^ pkt->dst[0] ^ pkt->sport ^ pkt->dport ^ pkt->plane;
		return outcome;
	}
	if (type_be == bpf_htons(ETH_P_IPV6)) {
		outcome = parse_ipv6(&cur, pkt);
		sink = pkt->src[0] ^ pkt->src[1] ^ pkt->dst[0] ^ pkt->dst[1] ^ pkt->sport ^ pkt->dport ^ pkt->plane;
		return outcome;
	}
	return NON_IP;
}

SEC("xdp.frags")
int parse_only(struct xdp_md *ctx)
{
	struct pkt pkt = { .bytes = frame_length(ctx) };

	return parse_frame(ctx, &pkt) == PARSED ? XDP_DROP : XDP_ABORTED;
}

SEC("xdp.frags")
int parse_count(struct xdp_md *ctx)
{
	struct pkt pkt = { .bytes = frame_length(ctx) };
	int outcome = parse_frame(ctx, &pkt);

	count(outcome == PARSED ? XDPOL_SLOT_NON_IP : XDPOL_SLOT_MALFORMED_DROP, XDPOL_INGRESS, pkt.bytes);
	return outcome == PARSED ? XDP_DROP : XDP_ABORTED;
}
