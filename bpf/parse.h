/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * Packet -> struct pkt. The only file that touches packet bytes.
 *
 * Every function takes the cursor where its header starts, checks that the header is whole, fills
 * in what it read and moves the cursor behind it. What cannot be read is never guessed.
 */
#pragma once
#include "maps.h"

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <stddef.h>

enum outcome {
	PARSED = 0,
	NON_IP,
	MALFORMED,
	VLAN_DEPTH,
	EXT_HEADERS,
};

enum pkt_flag {
	PKT_BROADCAST_FRAME = 1,
	PKT_LATER_FRAGMENT_BIT = 1,
	PKT_LATER_FRAGMENT = 1 << PKT_LATER_FRAGMENT_BIT,
	PKT_SOURCE_ROUTED_BIT = 2,
	PKT_SOURCE_ROUTED = 1 << PKT_SOURCE_ROUTED_BIT, /* the sender names the way, or where the packet goes on to; known where the policy asks */
};

/* Addresses and ports in host order. */
struct pkt {
	__u64 src[2], dst[2]; /* IPv6: high and low half; IPv4: in [0] */
	__u32 bytes;	      /* of the frame */
	__u16 sport;
	__u16 dport; /* the service key of its plane */
	__u8 family; /* 4 or 6 */
	__u8 protocol;
	__u8 plane; /* enum xdpol_plane */
	__u8 flags; /* enum pkt_flag */
	__u8 hop_limit;
	__u8 is_plain; /* constant: read by is_plain4 or is_plain6 */
};

struct cursor {
	void *pos;
	void *end;	/* of the bytes that can be read */
	const volatile __u32 *start; /* where the hook's context says that the frame begins */
	__u32 left;	/* bytes from pos to the end of the frame, then of the IP packet */
	__u32 segmented; /* the stack will segment this frame: its IP length may be 0, as that of frames over MAX_LENGTH may */
	__u32 tagged;	 /* 1: it had a tag besides those that stand in it */
};

struct vlan_tag {
	__be16 tci_be;
	__be16 type_be;
};

struct ext_header {
	__u8 next;
	__u8 length;
	__be16 word_be; /* fragment: offset and flags; routing: type, segments left */
	__be32 identification_be;
};

struct sctp_header {
	__be16 source_be, dest_be;
	__be32 tag_be, checksum_be;
};

/* Both versions of ICMP; every message has eight bytes at least. */
struct icmp_header {
	__u8 type, code;
	__be16 checksum_be;
	__be32 rest_be;
};

enum {
	MAX_LENGTH = 0xffff, /* what the length fields of IP can say */
	MAX_IPV4_OPTIONS = 40,
	OPTION_END = 0,
	OPTION_NOTHING = 1,
	OPTION_LOOSE_ROUTE = 131,
	OPTION_STRICT_ROUTE = 137,
	IP_OFFSET_MASK = 0x1fff,
	IPV6_OFFSET_MASK = 0xfff8,
	PROTOCOL_SCTP = 132,
	TCP_FLAGS_AT = 12, /* in the header: length, reserved bits, flags */
	TCP_ESTABLISHED = 0x14, /* ACK, RST */
};

/* A header of `size` bytes that lies within the packet, or NULL. */
static __always_inline void *header_at(struct cursor *cur, __u32 size)
{
	if (cur->left < size || cur->pos + size > cur->end)
		return NULL;
	__builtin_assume(cur->pos != NULL);
	return cur->pos;
}

static __always_inline void advance(struct cursor *cur, __u32 size)
{
	cur->pos += size;
	cur->left -= size;
}

/* struct ethhdr is packed: through its members every load would be byte by byte. */
static __always_inline __be16 read_ethernet(void *eth, struct pkt *pkt)
{
	if (shape.exemptions & XDPOL_EXEMPT_BROADCAST && (*(__u32 *)eth & *(__u32 *)(eth + 2)) == 0xffffffff)
		pkt->flags |= PKT_BROADCAST_FRAME;
	return *(__be16 *)(eth + offsetof(struct ethhdr, h_proto));
}

static __always_inline int parse_ethernet(struct cursor *cur, struct pkt *pkt, __be16 *type_be)
{
	void *eth = header_at(cur, sizeof(struct ethhdr));

	if (!eth)
		return MALFORMED;
	*type_be = read_ethernet(eth, pkt);
	advance(cur, sizeof(struct ethhdr));
	return PARSED;
}

static __always_inline int is_vlan(__be16 type_be)
{
	return type_be == bpf_htons(ETH_P_8021Q) || type_be == bpf_htons(ETH_P_8021AD);
}

static __always_inline int parse_vlans(struct cursor *cur, __be16 *type_be)
{
#pragma unroll
	for (int i = 0; i < XDPOL_MAX_VLAN_TAGS; i++) {
		struct vlan_tag *tag;

		if (!is_vlan(*type_be))
			return PARSED;
		tag = header_at(cur, sizeof(*tag));
		if (!tag)
			return MALFORMED;
		*type_be = tag->type_be;
		advance(cur, sizeof(*tag));
	}
	return cur->tagged || is_vlan(*type_be) ? VLAN_DEPTH : PARSED;
}

/* `left`: bytes of the packet from the header on. */
static __always_inline int read_tcp(const struct tcphdr *tcp, __u32 left, struct pkt *pkt)
{
	__u32 length = tcp->doff * 4;

	if (length < sizeof(*tcp) || length > left)
		return MALFORMED;
	pkt->plane = tcp->ack || tcp->rst ? XDPOL_PLANE_TCP_ESTABLISHED : XDPOL_PLANE_TCP;
	pkt->sport = bpf_ntohs(tcp->source);
	pkt->dport = bpf_ntohs(tcp->dest);
	return PARSED;
}

static __always_inline int parse_tcp(struct cursor *cur, struct pkt *pkt)
{
	struct tcphdr *tcp = header_at(cur, sizeof(*tcp));

	return tcp ? read_tcp(tcp, cur->left, pkt) : MALFORMED;
}

static __always_inline int read_udp(const struct udphdr *udp, struct pkt *pkt)
{
	pkt->plane = XDPOL_PLANE_UDP;
	pkt->sport = bpf_ntohs(udp->source);
	pkt->dport = bpf_ntohs(udp->dest);
	return PARSED;
}

static __always_inline int parse_udp(struct cursor *cur, struct pkt *pkt)
{
	struct udphdr *udp = header_at(cur, sizeof(*udp));

	return udp ? read_udp(udp, pkt) : MALFORMED;
}

static __always_inline int parse_sctp(struct cursor *cur, struct pkt *pkt)
{
	struct sctp_header *sctp = header_at(cur, sizeof(*sctp));

	if (!sctp)
		return MALFORMED;
	pkt->plane = XDPOL_PLANE_SCTP;
	pkt->sport = bpf_ntohs(sctp->source_be);
	pkt->dport = bpf_ntohs(sctp->dest_be);
	return PARSED;
}

static __always_inline int parse_icmp(struct cursor *cur, struct pkt *pkt, __u8 plane)
{
	struct icmp_header *icmp = header_at(cur, sizeof(*icmp));

	if (!icmp)
		return MALFORMED;
	pkt->plane = plane;
	pkt->dport = icmp->type << 8 | icmp->code;
	return PARSED;
}

static __always_inline int parse_l4(struct cursor *cur, struct pkt *pkt)
{
	if (pkt->flags & PKT_LATER_FRAGMENT) {
		pkt->plane = XDPOL_PLANE_FRAGMENT;
		pkt->dport = pkt->protocol;
		return PARSED;
	}
	switch (pkt->protocol) {
	case IPPROTO_TCP:
		return parse_tcp(cur, pkt);
	case IPPROTO_UDP:
		return parse_udp(cur, pkt);
	case IPPROTO_ICMP:
		return parse_icmp(cur, pkt, XDPOL_PLANE_ICMP);
	case IPPROTO_ICMPV6:
		return parse_icmp(cur, pkt, XDPOL_PLANE_ICMPV6);
	case PROTOCOL_SCTP:
		return parse_sctp(cur, pkt);
	default:
		pkt->plane = XDPOL_PLANE_PROTOCOL;
		pkt->dport = pkt->protocol;
		return PARSED;
	}
}

/* The same value, of which the verifier knows no bounds: ways to it that differ in these alone are then one. */
static __always_inline __u32 without_bounds(__u32 value)
{
	asm volatile("%0 = be32 %0\n%0 = be32 %0" : "+r"(value));
	return value;
}

/*
 * The length of an IP packet, or of its payload, of which at most `most` bytes are there. The kernel joins and builds
 * packets that no wire carries (BIG TCP): those are longer than the field can say, which is 0 then.
 */
static __always_inline __u32 ip_length(const struct cursor *cur, __be16 field_be, __u32 most)
{
	__u32 length = bpf_ntohs(field_be);

	if (__builtin_expect(!field_be, 0) && (cur->segmented || most > MAX_LENGTH))
		length = most;
	return without_bounds(length);
}

static __always_inline void read_ipv4(const struct iphdr *ip, struct pkt *pkt)
{
	pkt->family = 4;
	pkt->src[0] = bpf_ntohl(ip->saddr);
	pkt->dst[0] = bpf_ntohl(ip->daddr);
	pkt->protocol = ip->protocol;
	pkt->hop_limit = ip->ttl;
}

/*
 * Whether there is a source route among the options, the `length` bytes from `options` on. The walk is that of Linux: an
 * option that does not fit ends it, and the stack drops such a packet by itself. The only branches leave the loop, so
 * that the verifier walks one path.
 */
static __always_inline int has_source_route(const void *options, const void *end, __u32 length)
{
	__u32 at = 0;

	for (int i = 0; i < MAX_IPV4_OPTIONS; i++) {
		const __u8 *option = options + at;
		__u32 one;

		if (at + 2 > length || (const void *)(option + 2) > end || option[0] == OPTION_END)
			return 0;
		if (option[0] == OPTION_LOOSE_ROUTE || option[0] == OPTION_STRICT_ROUTE)
			return 1;
		/* 1 for the option of one byte, which has no length. */
		one = 1 - (((option[0] ^ OPTION_NOTHING) + 0xff) >> 8);
		if (option[1] + 2 * one < 2)
			return 0;
		at += one + option[1] * (1 - one);
		asm volatile("%0 &= 511" : "+r"(at));
	}
	return 0;
}

static __always_inline int parse_ipv4(struct cursor *cur, struct pkt *pkt)
{
	struct iphdr *ip = header_at(cur, sizeof(*ip));
	__u32 header, total;

	if (!ip)
		return MALFORMED;
	header = ip->ihl * 4;
	total = ip_length(cur, ip->tot_len, cur->left);
	/* The second bound follows from the others, which the verifier of Linux 6.1 does not see. */
	if (ip->version != 4 || header < sizeof(*ip) || total < sizeof(*ip) || total < header || total > cur->left)
		return MALFORMED;
	read_ipv4(ip, pkt);
	/* Without a branch, which the verifier would walk all that follows twice for. */
	pkt->flags |= ((ip->frag_off & bpf_htons(IP_OFFSET_MASK)) + 0xffffU) >> 16 << PKT_LATER_FRAGMENT_BIT;
	cur->left = total;
	if (!header_at(cur, header))
		return MALFORMED;
	if (shape.drops & XDPOL_DROP_SOURCE_ROUTED && has_source_route(ip + 1, cur->end, header - sizeof(*ip)))
		pkt->flags |= PKT_SOURCE_ROUTED;
	advance(cur, header);
	return parse_l4(cur, pkt);
}

/*
 * How each extension header tells its length: (length byte & length_mask) + plus, in units of
 * `unit` bytes; unit 0: not an extension header. A table and not a switch: the verifier walks
 * every branch of every iteration, and a load has none.
 */
struct extension {
	__u8 unit, plus, length_mask, unused;
	__be16 offset_mask_be; /* bits that mark a later fragment */
	__be16 routed_mask_be; /* bits that say how many segments of the route are left */
};

const struct extension extensions[256] = {
	[IPPROTO_HOPOPTS] = { .unit = 8, .plus = 1, .length_mask = 0xff },
	[IPPROTO_ROUTING] = { .unit = 8, .plus = 1, .length_mask = 0xff, .routed_mask_be = bpf_htons(0x00ff) },
	[IPPROTO_DSTOPTS] = { .unit = 8, .plus = 1, .length_mask = 0xff },
	[IPPROTO_AH] = { .unit = 4, .plus = 2, .length_mask = 0xff },
	[IPPROTO_FRAGMENT] = { .unit = 8, .plus = 1, .offset_mask_be = bpf_htons(IPV6_OFFSET_MASK) },
};

/* Walks extension headers up to the protocol. A later fragment ends the walk: the rest is not headers. */
static __always_inline int parse_extensions(struct cursor *cur, struct pkt *pkt)
{
	for (int i = 0; i <= XDPOL_MAX_EXT_HEADERS; i++) {
		const struct extension *kind = &extensions[pkt->protocol];
		struct ext_header *ext;
		__u32 length;

		if (!kind->unit)
			return PARSED;
		if (i == XDPOL_MAX_EXT_HEADERS)
			return EXT_HEADERS;
		ext = header_at(cur, sizeof(*ext));
		if (!ext)
			return MALFORMED;
		length = ((ext->length & kind->length_mask) + kind->plus) * (kind->unit & 15);
		/* It is no longer; the verifier of Linux 6.1 knows no bounds of a product. */
		asm volatile("%0 &= 4095" : "+r"(length));
		if (!header_at(cur, length))
			return MALFORMED;
		pkt->protocol = ext->next;
		if (shape.drops & XDPOL_DROP_SOURCE_ROUTED) /* without a branch of its own, for the verifier's sake */
			pkt->flags |= ((ext->word_be & kind->routed_mask_be) + 0xffffU) >> 16 << PKT_SOURCE_ROUTED_BIT;
		advance(cur, length);
		if (ext->word_be & kind->offset_mask_be) {
			pkt->flags |= PKT_LATER_FRAGMENT;
			return PARSED;
		}
	}
	return EXT_HEADERS;
}

static __always_inline void read_address6(const struct in6_addr *address, __u64 *halves)
{
	const __be32 *word = address->in6_u.u6_addr32;

	halves[0] = (__u64)bpf_ntohl(word[0]) << 32 | bpf_ntohl(word[1]);
	halves[1] = (__u64)bpf_ntohl(word[2]) << 32 | bpf_ntohl(word[3]);
}

static __always_inline int parse_ipv6(struct cursor *cur, struct pkt *pkt)
{
	struct ipv6hdr *ip = header_at(cur, sizeof(*ip));
	__u32 payload;
	int outcome;

	if (!ip)
		return MALFORMED;
	payload = ip_length(cur, ip->payload_len, cur->left - sizeof(*ip));
	if (ip->version != 6 || payload + sizeof(*ip) > cur->left)
		return MALFORMED;
	pkt->family = 6;
	read_address6(&ip->saddr, pkt->src);
	read_address6(&ip->daddr, pkt->dst);
	pkt->protocol = ip->nexthdr;
	pkt->hop_limit = ip->hop_limit;
	advance(cur, sizeof(*ip));
	cur->left = payload;
	outcome = parse_extensions(cur, pkt);
	if (outcome != PARSED)
		return outcome;
	return parse_l4(cur, pkt);
}

_Static_assert(sizeof(struct ethhdr) + XDPOL_MAX_VLAN_TAGS * sizeof(struct vlan_tag) < 32, "parse_link masks this length");

/*
 * Up to the IP header, which `type_be` names. Its place is made a number that the verifier does not know: it then walks
 * the rest of the parser once, and not again for every number of tags.
 */
static __always_inline int parse_link(struct cursor *cur, struct pkt *pkt, __be16 *type_be)
{
	void *frame = cur->pos;
	int outcome = parse_ethernet(cur, pkt, type_be);
	__u32 length;

	if (outcome == PARSED)
		outcome = parse_vlans(cur, type_be);
	if (outcome != PARSED)
		return outcome;
	length = cur->pos - frame;
	asm volatile("%0 &= 31" : "+r"(length));
	cur->pos = frame + length;
	return PARSED;
}

/* How the protocols stand where they were read. */
struct plain_protocols {
	__u32 tcp, udp;
};

/*
 * What nearly every packet is: TCP or UDP with no tag, no option or extension header, no later fragment. All its headers are
 * read under one check of the bounds, in words, of which each has what is asked together. Everything else, whatever is wrong
 * with it included, is for the functions above: 0.
 *
 * `length`: bytes of the packet, of which `before` stand before the header.
 */
static __always_inline int read_plain_l4(const void *l4, __u32 protocol, struct plain_protocols of, __u32 length, __u32 before,
					 struct pkt *pkt)
{
	__u32 ports = bpf_ntohl(*(const __be32 *)l4);

	if (protocol == of.tcp) {
		__u32 flags = bpf_ntohs(*(const __be16 *)(l4 + TCP_FLAGS_AT)), header = flags >> 10 & 0x3c;

		if (header < sizeof(struct tcphdr) || header + before > length)
			return 0;
		/* 1 where ACK or RST is set. */
		pkt->plane = ((flags & TCP_ESTABLISHED) + 31) >> 5;
		pkt->protocol = IPPROTO_TCP;
	} else {
		/* So that clang does not compare in another order: TCP comes first. */
		asm volatile("" : "+r"(protocol));
		if (protocol != of.udp || length < sizeof(struct udphdr) + before)
			return 0;
		pkt->plane = XDPOL_PLANE_UDP;
		pkt->protocol = IPPROTO_UDP;
	}
	pkt->is_plain = 1;
	pkt->sport = ports >> 16;
	pkt->dport = ports;
	return 1;
}

static __always_inline int is_plain4(const struct cursor *cur, struct pkt *pkt)
{
	const void *ip = cur->pos + ETH_HLEN, *l4 = ip + sizeof(struct iphdr);
	__u32 kind, fragment, total;

	if (l4 + sizeof(struct tcphdr) > cur->end)
		return 0;
	/* EtherType, version, header length, type of service. */
	kind = bpf_ntohl(*(const __be32 *)(ip - sizeof(__be16)));
	total = bpf_ntohs(*(const __be16 *)(ip + offsetof(struct iphdr, tot_len)));
	if (kind >> 8 != (ETH_P_IP << 8 | 0x45) || total + ETH_HLEN > cur->left)
		return 0;
	read_ethernet(cur->pos, pkt);
	/* Flags and place of the fragment, hop limit, protocol. */
	fragment = *(const __be32 *)(ip + offsetof(struct iphdr, frag_off)) & bpf_htonl(IP_OFFSET_MASK << 16 | 0xff);
	pkt->family = 4;
	pkt->src[0] = bpf_ntohl(*(const __be32 *)(ip + offsetof(struct iphdr, saddr)));
	pkt->dst[0] = bpf_ntohl(*(const __be32 *)(ip + offsetof(struct iphdr, daddr)));
	return read_plain_l4(l4, fragment, (struct plain_protocols){ bpf_htonl(IPPROTO_TCP), bpf_htonl(IPPROTO_UDP) }, total,
			     sizeof(struct iphdr), pkt);
}

static __always_inline __u64 read_half6(const void *address)
{
	return bpf_be64_to_cpu(*(const __be64 *)address);
}

static __always_inline int is_plain6(const struct cursor *cur, struct pkt *pkt)
{
	const void *ip = cur->pos + ETH_HLEN, *l4 = ip + sizeof(struct ipv6hdr);
	const void *src = ip + offsetof(struct ipv6hdr, saddr), *dst = ip + offsetof(struct ipv6hdr, daddr);
	__u32 kind, payload;

	if (l4 + sizeof(struct tcphdr) > cur->end)
		return 0;
	/* EtherType, version, traffic class, the first bits of the flow label. */
	kind = bpf_ntohl(*(const __be32 *)(ip - sizeof(__be16)));
	payload = bpf_ntohs(*(const __be16 *)(ip + offsetof(struct ipv6hdr, payload_len)));
	if (kind >> 12 != (ETH_P_IPV6 << 4 | 6) || payload + ETH_HLEN + sizeof(struct ipv6hdr) > cur->left)
		return 0;
	pkt->family = 6;
	pkt->src[0] = read_half6(src);
	pkt->src[1] = read_half6(src + sizeof(__be64));
	pkt->dst[0] = read_half6(dst);
	pkt->dst[1] = read_half6(dst + sizeof(__be64));
	return read_plain_l4(l4, *(const __u8 *)(ip + offsetof(struct ipv6hdr, nexthdr)),
			     (struct plain_protocols){ IPPROTO_TCP, IPPROTO_UDP }, payload, 0, pkt);
}

/* What is done with a packet whose headers are read; the answer goes back through the parser. */
typedef __u32 (*use_packet)(const struct pkt *pkt, enum outcome outcome, void *context);

/*
 * The parser as every hook and every baseline runs it. `use` is called at the end of each way through it, so that what
 * follows for one family carries no fields of the other along.
 */
static __always_inline __u32 parse_any(struct cursor *cur, __u32 bytes, use_packet use, void *context)
{
	struct pkt pkt = { .bytes = bytes };
	__be16 type_be;
	enum outcome outcome = parse_link(cur, &pkt, &type_be);

	if (outcome != PARSED)
		return use(&pkt, outcome, context);
	if (type_be == bpf_htons(ETH_P_IP))
		return use(&pkt, parse_ipv4(cur, &pkt), context);
	if (type_be == bpf_htons(ETH_P_IPV6))
		return use(&pkt, parse_ipv6(cur, &pkt), context);
	return use(&pkt, NON_IP, context);
}

/* Read again, so that the verifier walks what follows once, and not once for each way in which a packet is not plain. */
static __always_inline void start_again(struct cursor *cur)
{
	cur->pos = (void *)(long)*cur->start;
}

static __always_inline __u32 parse_packet(struct cursor *cur, __u32 bytes, use_packet use, void *context)
{
	struct pkt plain4 = { .bytes = bytes }, plain6 = { .bytes = bytes };

	if (is_plain4(cur, &plain4))
		return use(&plain4, PARSED, context);
	start_again(cur);
	if (is_plain6(cur, &plain6))
		return use(&plain6, PARSED, context);
	start_again(cur);
	return parse_any(cur, bytes, use, context);
}
