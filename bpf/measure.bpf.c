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

enum xdpol_ring {
	XDPOL_RING_SIZE = 1 << 20, /* the tuples of one ring: far more than caches hold lines for */
	XDPOL_RING_GROUPS = 1024,  /* of clocked runs */
};

enum {
	INTERRUPTED_NS = 4000, /* no packet takes that long by itself */
};

/* Never read: it carries the type into BTF, from which src/layout/layout.gen.ts is made. */
const enum xdpol_ring *ring_types;

/*
 * As they stand in a packet, so that both sides copy bytes. Words of the size that the parser reads:
 * a load that spans several smaller stores waits for all of them, which traffic never does.
 */
struct xdpol_tuple4 {
	__be64 addresses_be[1];
	__be32 ports_be; /* ICMP: type, code and checksum */
	__u8 protocol;
	__u8 unused;
	union { /* for what runs: */
		__be16 check_be; /* live frames: of the IP header, whoever is reached through the stack wants it right */
		__u16 group; /* clocked runs: whose time it counts in */
	};
};

struct xdpol_tuple6 {
	__be64 addresses_be[4];
	__be32 ports_be;
	__u8 protocol;
	__u8 unused;
	__u16 group; /* whose time a clocked run counts in */
};

_Static_assert(sizeof(struct xdpol_tuple4) == 16, "no padding");
_Static_assert(sizeof(struct xdpol_tuple6) == 40, "no padding");

#define RING(name, tuple)                              \
	struct {                                       \
		__uint(type, BPF_MAP_TYPE_ARRAY);      \
		__uint(map_flags, BPF_F_MMAPABLE);     \
		__type(key, __u32);                    \
		__type(value, tuple);                  \
		__uint(max_entries, XDPOL_RING_SIZE);        \
	} name SEC(".maps")

RING(ring4, struct xdpol_tuple4);
RING(ring6, struct xdpol_tuple6);

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

/* Runs and what they took, by group. */
struct xdpol_group {
	__u64 runs, ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct xdpol_group);
	__uint(max_entries, XDPOL_RING_GROUPS);
} groups SEC(".maps");

__u32 out_ifindex; /* where live frames go */
__u32 position; /* in the ring */
__u64 clocked_at; /* when the run before began */
__u32 clocked_group; /* and its group */
__u64 sink; /* keeps the parser's results alive */

/* The next tuple into the packet, or 0 where the packet is not the template it has to be. */
#define REWRITE(ctx, ring, ip_header, addresses_at, word_of_protocol)                          \
	({                                                                                     \
		void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;      \
		void *ip = data + ETH_HLEN;                                                    \
		__u32 key = position++ & (XDPOL_RING_SIZE - 1);                                      \
		typeof(*ring.value) *tuple = bpf_map_lookup_elem(&ring, &key);                 \
		int whole = tuple && ip + sizeof(ip_header) + sizeof(__be32) <= end;           \
                                                                                               \
		if (whole) {                                                                   \
			__be64 *addresses_be = ip + addresses_at;                              \
                                                                                               \
			_Pragma("unroll") for (__u32 i = 0; i < sizeof(tuple->addresses_be) / sizeof(__be64); i++) \
				addresses_be[i] = tuple->addresses_be[i];                      \
			*(__be32 *)(ip + sizeof(ip_header)) = tuple->ports_be;                 \
			word_of_protocol(ip, tuple->protocol);                                 \
		}                                                                              \
		whole ? tuple : NULL;                                                          \
	})

static __always_inline void put_protocol4(void *ip, __u8 protocol)
{
	__be32 *word_be = ip + offsetof(struct iphdr, frag_off);

	*word_be = (*word_be & bpf_htonl(~0xffU)) | bpf_htonl(protocol);
}

static __always_inline void put_protocol6(void *ip, __u8 protocol)
{
	*(__u8 *)(ip + offsetof(struct ipv6hdr, nexthdr)) = protocol;
}

#define NEXT4(ctx) REWRITE(ctx, ring4, struct iphdr, offsetof(struct iphdr, saddr), put_protocol4)
#define NEXT6(ctx) REWRITE(ctx, ring6, struct ipv6hdr, offsetof(struct ipv6hdr, saddr), put_protocol6)

static __always_inline int next4(struct xdp_md *ctx)
{
	if (NEXT4(ctx))
		bpf_tail_call(ctx, &under_test, 0);
	return XDP_ABORTED;
}

SEC("xdp")
int generate4_linear(struct xdp_md *ctx)
{
	if (NEXT4(ctx))
		bpf_tail_call(ctx, &under_test_linear, 0);
	return XDP_ABORTED;
}

static __always_inline int next6(struct xdp_md *ctx)
{
	if (NEXT6(ctx))
		bpf_tail_call(ctx, &under_test, 0);
	return XDP_ABORTED;
}

SEC("xdp.frags")
int generate4(struct xdp_md *ctx)
{
	return next4(ctx);
}

SEC("xdp.frags")
int generate6(struct xdp_md *ctx)
{
	return next6(ctx);
}

/* From the start of one run to the start of the next, so that many groups are told apart within one test run. */
static __always_inline void take_time(__u32 group)
{
	__u64 now = bpf_ktime_get_ns(), took = now - clocked_at;
	struct xdpol_group *before = bpf_map_lookup_elem(&groups, &clocked_group);

	if (before && took < INTERRUPTED_NS) {
		before->runs++;
		before->ns += took;
	}
	clocked_at = now;
	clocked_group = group;
}

#define CLOCK(ring)                                                      \
	({                                                               \
		__u32 key = position & (XDPOL_RING_SIZE - 1);                  \
		typeof(*ring.value) *next = bpf_map_lookup_elem(&ring, &key); \
                                                                         \
		if (next)                                                \
			take_time(next->group);                          \
	})

SEC("xdp.frags")
int clocked4(struct xdp_md *ctx)
{
	CLOCK(ring4);
	return next4(ctx);
}

SEC("xdp.frags")
int clocked6(struct xdp_md *ctx)
{
	CLOCK(ring6);
	return next6(ctx);
}

/* For live frames: what runs on the other end of a veth pair is under test. IPv4 frames are such that the IP stack takes. */
SEC("xdp.frags")
int send4(struct xdp_md *ctx)
{
	struct xdpol_tuple4 *tuple = NEXT4(ctx);
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct iphdr *ip = data + ETH_HLEN;

	if (!tuple || (void *)(ip + 1) > end)
		return XDP_ABORTED;
	ip->check = tuple->check_be;
	return bpf_redirect(out_ifindex, 0);
}

SEC("xdp.frags")
int send6(struct xdp_md *ctx)
{
	return NEXT6(ctx) ? bpf_redirect(out_ifindex, 0) : XDP_ABORTED;
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

/* A use_packet: keeps what was read alive, and does nothing with it. */
static __always_inline __u32 read_fields(const struct pkt *pkt, enum outcome outcome, void *unused)
{
	(void)unused;
	if (outcome != PARSED)
		return outcome;
	sink = pkt->src[0] ^ pkt->dst[0] ^ pkt->sport ^ pkt->dport ^ pkt->plane;
	if (pkt->family == 6)
		sink ^= pkt->src[1] ^ pkt->dst[1];
	return outcome;
}

static __always_inline enum outcome parse_frame(struct cursor cur)
{
	return parse_packet(&cur, cur.left, read_fields, NULL);
}

SEC("xdp.frags")
int parse_only(struct xdp_md *ctx)
{
	return parse_frame(frame_cursor(ctx)) == PARSED ? XDP_DROP : XDP_ABORTED;
}

SEC("xdp.frags")
int parse_count(struct xdp_md *ctx)
{
	struct cursor cur = frame_cursor(ctx);
	enum outcome outcome = parse_frame(cur);

	count(outcome == PARSED ? XDPOL_SLOT_NON_IP : XDPOL_SLOT_MALFORMED_DROP, XDPOL_INGRESS, cur.left);
	return outcome == PARSED ? XDP_DROP : XDP_ABORTED;
}
