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
	IKE_PORT = 500,
	KERBEROS_PORT = 88,
};

static __always_inline int is_neighbor_discovery(const struct pkt *pkt)
{
	return pkt->plane == XDPOL_PLANE_ICMPV6 && pkt->family == 6 && pkt->hop_limit == ND_HOP_LIMIT &&
	       pkt->dport >= ND_FIRST_TYPE << 8 && pkt->dport <= ND_LAST_TYPE << 8 && !(pkt->dport & 255);
}

static __always_inline int is_broadcast(const struct pkt *pkt)
{
	return pkt->family == 4 && (pkt->dst[0] == 0xffffffff || pkt->flags & PKT_BROADCAST_FRAME);
}

static __always_inline int is_multicast(const struct pkt *pkt)
{
	return pkt->family == 4 ? pkt->dst[0] >> 28 == 0xe : pkt->dst[0] >> 56 == 0xff;
}

static __always_inline int has_port(const struct pkt *pkt, __u16 port)
{
	return pkt->sport == port || pkt->dport == port;
}

static __always_inline int is_kerberos(const struct pkt *pkt)
{
	return (pkt->plane <= XDPOL_PLANE_UDP) && has_port(pkt, KERBEROS_PORT);
}

/* Exemptions that a packet of the family can have. */
static __always_inline __u32 exemptions_of(__u8 family)
{
	return shape.exemptions & (family == 4 ? ~XDPOL_EXEMPT_NEIGHBOR_DISCOVERY : ~XDPOL_EXEMPT_BROADCAST);
}

/* The counter slot of the first exemption that covers the packet. */
static __always_inline __u32 exemption_slot(const struct pkt *pkt)
{
	const __u32 on = shape.exemptions;

	if (on & XDPOL_EXEMPT_NEIGHBOR_DISCOVERY && is_neighbor_discovery(pkt))
		return XDPOL_SLOT_NEIGHBOR_DISCOVERY;
	if (on & XDPOL_EXEMPT_BROADCAST && is_broadcast(pkt))
		return XDPOL_SLOT_BROADCAST;
	if (on & XDPOL_EXEMPT_MULTICAST && is_multicast(pkt))
		return XDPOL_SLOT_MULTICAST;
	if (on & XDPOL_EXEMPT_RSVP && pkt->protocol == IPPROTO_RSVP)
		return XDPOL_SLOT_RSVP;
	if (on & XDPOL_EXEMPT_IKE && pkt->plane == XDPOL_PLANE_UDP && has_port(pkt, IKE_PORT))
		return XDPOL_SLOT_IKE;
	if (on & XDPOL_EXEMPT_KERBEROS && is_kerberos(pkt))
		return XDPOL_SLOT_KERBEROS;
	return NO_EXEMPTION;
}
