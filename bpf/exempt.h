/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/* Traffic that passes before any filter is looked at, where the policy says so. */
#pragma once
#include "maps.h"
#include "parse.h"

enum {
	NO_EXEMPTION = 0, /* slot 0 is never an exemption's */
	ND_FIRST_TYPE = 133,
	ND_LAST_TYPE = 137,
	ND_HOP_LIMIT = 255,
	MLD_QUERY = 130,
	MLD_DONE = 132,
	MLD_REPORT_2 = 143,
	MLD_HOP_LIMIT = 1,
	UNREACHABLE_TOO_BIG = 3 << 8 | 4, /* ICMP type and code */
	PACKET_TOO_BIG = 2,		  /* ICMPv6 type */
	DHCP_SERVER = 67,
	DHCP_CLIENT = 68,
	DHCP6_SERVER = 547,
	DHCP6_CLIENT = 546,
	IKE_PORT = 500,
	IKE_NAT_PORT = 4500,
	KERBEROS_PORT = 88,
};

/* IPv4, in host order: of the subnets of the filtered interfaces. The first 0 ends them. */
const volatile __u32 broadcasts[XDPOL_MAX_BROADCASTS];

static __always_inline int is_neighbor_discovery(const struct pkt *pkt)
{
	return pkt->plane == XDPOL_PLANE_ICMPV6 && pkt->family == 6 && pkt->hop_limit == ND_HOP_LIMIT &&
	       pkt->dport >= ND_FIRST_TYPE << 8 && pkt->dport <= ND_LAST_TYPE << 8 && !(pkt->dport & 255);
}

/* From this link only: hop limit 1, and a source that no router forwards (RFC 2710, RFC 3810). */
static __always_inline int is_multicast_listener(const struct pkt *pkt)
{
	__u32 type = pkt->dport >> 8;

	if (pkt->plane != XDPOL_PLANE_ICMPV6 || pkt->family != 6 || pkt->hop_limit != MLD_HOP_LIMIT)
		return 0;
	if (!(pkt->src[0] | pkt->src[1]) || pkt->src[0] >> 54 == 0xfe80 >> 6)
		return (type >= MLD_QUERY && type <= MLD_DONE) || type == MLD_REPORT_2;
	return 0;
}

/* Without these a path with a smaller MTU swallows what is sent (RFC 4890, RFC 8899). */
static __always_inline int is_path_mtu(const struct pkt *pkt)
{
	if (pkt->family == 4)
		return pkt->plane == XDPOL_PLANE_ICMP && pkt->dport == UNREACHABLE_TOO_BIG;
	return pkt->plane == XDPOL_PLANE_ICMPV6 && pkt->dport >> 8 == PACKET_TOO_BIG;
}

static __always_inline int is_dhcp(const struct pkt *pkt)
{
	const __u16 server = pkt->family == 4 ? DHCP_SERVER : DHCP6_SERVER;
	const __u16 client = pkt->family == 4 ? DHCP_CLIENT : DHCP6_CLIENT;

	if (pkt->plane != XDPOL_PLANE_UDP)
		return 0;
	return (pkt->sport == client && pkt->dport == server) || (pkt->sport == server && pkt->dport == client);
}

static __always_inline int is_subnet_broadcast(__u32 address)
{
	for (int i = 0; i < XDPOL_MAX_BROADCASTS && broadcasts[i]; i++) {
		if (broadcasts[i] == address)
			return 1;
	}
	return 0;
}

/* Frame and packet agree: what is addressed to one host does not pass in a frame for all. */
static __always_inline int is_broadcast(const struct pkt *pkt)
{
	if (pkt->family != 4 || !(pkt->flags & PKT_BROADCAST_FRAME))
		return 0;
	return pkt->dst[0] == 0xffffffff || is_subnet_broadcast(pkt->dst[0]);
}

static __always_inline int is_multicast(const struct pkt *pkt)
{
	return pkt->family == 4 ? pkt->dst[0] >> 28 == 0xe : pkt->dst[0] >> 56 == 0xff;
}

static __always_inline int has_port(const struct pkt *pkt, __u16 port)
{
	return pkt->sport == port || pkt->dport == port;
}

/* The same port at both ends: RFC 7296, and RFC 3947 behind a translator of addresses. */
static __always_inline int is_ike(const struct pkt *pkt)
{
	return pkt->plane == XDPOL_PLANE_UDP && pkt->sport == pkt->dport &&
	       (pkt->dport == IKE_PORT || pkt->dport == IKE_NAT_PORT);
}

static __always_inline int is_kerberos(const struct pkt *pkt)
{
	return (pkt->plane <= XDPOL_PLANE_UDP) && has_port(pkt, KERBEROS_PORT);
}

enum {
	NOT_OF_TCP_OR_UDP = XDPOL_EXEMPT_NEIGHBOR_DISCOVERY | XDPOL_EXEMPT_MULTICAST_LISTENER | XDPOL_EXEMPT_PATH_MTU |
			    XDPOL_EXEMPT_RSVP,
};

/* Exemptions that a packet of the family can have, and one of TCP or UDP where that is known from how it was read. */
static __always_inline __u32 possible_exemptions(const struct pkt *pkt)
{
	__u32 possible = pkt->family == 4 ? ~(XDPOL_EXEMPT_NEIGHBOR_DISCOVERY | XDPOL_EXEMPT_MULTICAST_LISTENER)
					  : ~XDPOL_EXEMPT_BROADCAST;

	return pkt->is_plain ? possible & ~NOT_OF_TCP_OR_UDP : possible;
}

/* The counter slot of the first exemption that covers the packet. */
static __always_inline __u32 exemption_slot(const struct pkt *pkt)
{
	const __u32 on = shape.exemptions & possible_exemptions(pkt);

	if (!on)
		return NO_EXEMPTION;
	if (on & XDPOL_EXEMPT_NEIGHBOR_DISCOVERY && is_neighbor_discovery(pkt))
		return XDPOL_SLOT_NEIGHBOR_DISCOVERY;
	if (on & XDPOL_EXEMPT_MULTICAST_LISTENER && is_multicast_listener(pkt))
		return XDPOL_SLOT_MULTICAST_LISTENER;
	if (on & XDPOL_EXEMPT_PATH_MTU && is_path_mtu(pkt))
		return XDPOL_SLOT_PATH_MTU;
	if (on & XDPOL_EXEMPT_DHCP && is_dhcp(pkt))
		return XDPOL_SLOT_DHCP;
	if (on & XDPOL_EXEMPT_BROADCAST && is_broadcast(pkt))
		return XDPOL_SLOT_BROADCAST;
	if (on & XDPOL_EXEMPT_MULTICAST && is_multicast(pkt))
		return XDPOL_SLOT_MULTICAST;
	if (on & XDPOL_EXEMPT_RSVP && pkt->protocol == IPPROTO_RSVP)
		return XDPOL_SLOT_RSVP;
	if (on & XDPOL_EXEMPT_IKE && is_ike(pkt))
		return XDPOL_SLOT_IKE;
	if (on & XDPOL_EXEMPT_KERBEROS && is_kerberos(pkt))
		return XDPOL_SLOT_KERBEROS;
	return NO_EXEMPTION;
}
