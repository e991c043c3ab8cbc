"""Packets made by scapy, and what scapy's own dissection of their bytes says of them.

scapy-packets.py CAPTURE   writes a pcap and prints a JSON array: for each frame the text that names its fate.
"""
import itertools
import json
import random
import sys

from scapy.compat import raw
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_NOP, IPOption_RR, IPOption_Timestamp, fragment
from scapy.layers.inet6 import (
    ICMPv6DestUnreach, ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6ND_RS, ICMPv6PacketTooBig,
    ICMPv6TimeExceeded, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, IPv6ExtHdrRouting, PadN,
    fragment6,
)
from scapy.layers.ipsec import AH, ESP
from scapy.layers.l2 import ARP, GRE, Dot1AD, Dot1Q, Ether
from scapy.layers.sctp import SCTP, SCTPChunkInit
from scapy.packet import Raw, bind_layers, split_layers
from scapy.utils import RawPcapWriter

random.seed(4)
# Scapy knows AH behind IPv6, not behind its other extension headers, and hop-by-hop options only at the first place.
for header in (IPv6ExtHdrHopByHop, IPv6ExtHdrDestOpt, IPv6ExtHdrRouting, IPv6ExtHdrFragment):
    bind_layers(header, AH, nh=51)
    bind_layers(header, IPv6ExtHdrHopByHop, nh=0)
bind_layers(AH, AH, nh=51)
# It takes 0 for IPv4 there; 0 is hop-by-hop options.
split_layers(AH, IP, nh=0)
BEHIND_AH = ((0, IPv6ExtHdrHopByHop), (43, IPv6ExtHdrRouting), (44, IPv6ExtHdrFragment), (60, IPv6ExtHdrDestOpt),
             (6, TCP), (17, UDP), (132, SCTP))
for number, header in BEHIND_AH:
    bind_layers(AH, header, nh=number)

NAMES = {"10.0.0.1": "a", "10.0.0.2": "b", "2001:db8::1": "A", "2001:db8::2": "B"}
EXTENSIONS = (IPv6ExtHdrHopByHop, IPv6ExtHdrRouting, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, AH)
TRANSPORTS = {6: ("tcp", 20), 17: ("udp", 8), 132: ("sctp", 12), 1: ("icmp", 8), 58: ("icmpv6", 8)}


def transport(protocol, layer, rest, hop_limit):
    """What the layer behind the IP headers says, where all of its header is there."""
    name, needed = TRANSPORTS.get(protocol, (f"proto {protocol}", 0))
    if rest < needed or (protocol == 6 and rest < layer.dataofs * 4):
        return None
    if protocol in (6, 17, 132):
        established = protocol == 6 and bool(layer.flags & 0x14)
        return f"{name} {layer.sport}>{layer.dport}{' established' if established else ''}"
    if protocol in (1, 58):
        if protocol == 58 and 133 <= layer.type <= 137 and layer.code == 0 and hop_limit == 255:
            return "neighbor-discovery"
        return f"{name} {layer.type}/{layer.code}"
    return name


def fate4(ip, room):
    if ip.len > room or ip.ihl < 5 or ip.len < ip.ihl * 4:
        return "malformed"
    who = f"{NAMES[ip.src]}>{NAMES[ip.dst]}"
    name = TRANSPORTS.get(ip.proto, (f"proto {ip.proto}", 0))[0]
    if ip.frag > 0:
        return f"{who} {name}"
    said = transport(ip.proto, ip.payload, ip.len - ip.ihl * 4, ip.ttl)
    return "malformed" if said is None else f"{who} {said}"


def fate6(ip, room):
    if 40 + ip.plen > room:
        return "malformed"
    who, protocol, layer, rest, headers = f"{NAMES[ip.src]}>{NAMES[ip.dst]}", ip.nh, ip.payload, ip.plen, 0
    while isinstance(layer, EXTENSIONS):
        headers += 1
        if headers > 8:
            return "ext_headers"
        rest -= len(raw(layer)) - len(raw(layer.payload))
        protocol = layer.nh
        if isinstance(layer, IPv6ExtHdrFragment) and layer.offset > 0:
            return f"{who} {TRANSPORTS.get(protocol, (f'proto {protocol}', 0))[0]}"
        layer = layer.payload
    said = transport(protocol, layer, rest, ip.hlim)
    if said is None:
        return "malformed"
    return said if said == "neighbor-discovery" else f"{who} {said}"


def fate(frame):
    layer, tags = Ether(frame), 0
    while isinstance(layer.payload, (Dot1Q, Dot1AD)):
        layer, tags = layer.payload, tags + 1
    if tags > 2:
        return "vlan_depth"
    room = len(frame) - 14 - 4 * tags
    if isinstance(layer.payload, IP):
        return fate4(layer.payload, room)
    if isinstance(layer.payload, IPv6):
        return fate6(layer.payload, room)
    # Of a header that is cut scapy makes nothing.
    return "malformed" if layer.type in (0x0800, 0x86DD) else "non_ip"


def transports(family):
    ports = [(1000, 80), (2000, 443)]
    made = [UDP(sport=s, dport=d) / Raw(bytes(random.randrange(64))) for s, d in ports]
    made += [SCTP(sport=s, dport=d) / SCTPChunkInit() for s, d in ports]
    made += [TCP(sport=s, dport=d, flags=f, options=o) / Raw(bytes(random.randrange(32)))
             for s, d in ports for f in ("S", "A", "R", "PA", "F")
             for o in ([], [("MSS", 1460), ("SAckOK", b""), ("Timestamp", (1, 0)), ("NOP", None), ("WScale", 7)])]
    made += [GRE() / Raw(bytes(20)), ESP(spi=1, seq=1, data=bytes(32))]
    quoted = {4: IP(src="10.0.0.1", dst="10.0.0.2"), 6: IPv6(src="2001:db8::1", dst="2001:db8::2")}[family]
    error = quoted / UDP(sport=1000, dport=443) / Raw(bytes(8))
    if family == 4:
        made += [ICMP(type=8) / Raw(bytes(56)), ICMP(type=0), ICMP(type=3, code=1) / error, ICMP(type=11) / error]
    else:
        made += [ICMPv6EchoRequest(data=bytes(56)), ICMPv6EchoReply(), ICMPv6DestUnreach(code=4) / error,
                 ICMPv6PacketTooBig() / error, ICMPv6TimeExceeded() / error]
    return made


def headers4():
    options = [[], [IPOption_NOP()] * 4, [IPOption_RR(routers=["0.0.0.0"] * 9)], [IPOption_Timestamp(), IPOption_NOP()]]
    ends = [("10.0.0.1", "10.0.0.2"), ("10.0.0.2", "10.0.0.1")]
    return [IP(src=s, dst=d, options=o) for s, d in ends for o in options]


def headers6():
    makers = [
        lambda: IPv6ExtHdrHopByHop(options=[PadN(optdata=bytes(4))]),
        lambda: IPv6ExtHdrDestOpt(options=[PadN(optdata=bytes(12))]),
        lambda: IPv6ExtHdrRouting(addresses=["2001:db8::2"], segleft=0),
        lambda: AH(payloadlen=4, spi=1, seq=1, icv=bytes(12)),
        lambda: IPv6ExtHdrFragment(id=7),
    ]
    chains = [chain for size in range(6) for chain in itertools.permutations(makers, size)]
    chains += [[makers[1]] * count for count in (7, 8, 9, 12)]
    for chain in chains:
        source, destination = random.sample(["2001:db8::1", "2001:db8::2"], 2)
        packet = IPv6(src=source, dst=destination)
        for make in chain:
            packet = packet / make()
        yield packet


def packets():
    for ip in headers4():
        for layer in transports(4):
            yield ip / layer
    for ip in headers6():
        # Scapy finds ICMPv6 and tunnels behind every header but AH.
        fit = [layer for layer in transports(6) if AH not in ip or isinstance(layer, (TCP, UDP, SCTP))]
        for layer in random.sample(fit, 3):
            yield ip / layer
    for layer in transports(6):
        yield IPv6(src="2001:db8::1", dst="2001:db8::2") / layer
    # AH is a protocol to IPv4.
    yield IP(src="10.0.0.1", dst="10.0.0.2") / AH(payloadlen=4, spi=1, seq=1, icv=bytes(12)) / TCP(sport=1000, dport=80)
    yield IPv6(src="2001:db8::1", dst="2001:db8::2", nh=59)
    for size in (1600, 9000, 30000):
        big = UDP(sport=1000, dport=80) / Raw(bytes(size))
        yield IP(src="10.0.0.1", dst="10.0.0.2") / big
        yield IPv6(src="2001:db8::1", dst="2001:db8::2") / big
        # Fragments from tiny to large, last ones included.
        for piece in (8, 16, 24, 1280):
            for layer in (big, TCP(sport=2000, dport=443, options=[("Timestamp", (1, 0))]) / Raw(bytes(40))):
                for part in fragment(IP(src="10.0.0.1", dst="10.0.0.2") / layer, piece)[:5]:
                    yield part
                whole = IPv6(src="2001:db8::1", dst="2001:db8::2") / IPv6ExtHdrFragment(id=9) / layer
                for part in fragment6(whole, piece + 48)[:5]:
                    yield part
    for hop_limit in (255, 64):
        for layer in (ICMPv6ND_NS(tgt="2001:db8::1"), ICMPv6ND_NA(tgt="2001:db8::1"), ICMPv6ND_RS()):
            yield IPv6(src="2001:db8::1", dst="2001:db8::2", hlim=hop_limit) / layer


# Without addresses scapy would ask the network for them.
ETHER = Ether(src="02:00:00:00:00:02", dst="02:00:00:00:00:01")
LINKS = [ETHER, ETHER / Dot1Q(vlan=5), ETHER / Dot1AD(vlan=6) / Dot1Q(vlan=5), ETHER / Dot1Q() / Dot1Q() / Dot1Q()]


def frames():
    yield raw(ETHER / ARP(hwsrc="02:00:00:00:00:02", psrc="10.0.0.2", pdst="10.0.0.1"))
    for packet in packets():
        frame = raw(random.choice(LINKS[:3]) / packet)
        yield frame
        which = random.random()
        if which < 0.1:
            yield frame + bytes(random.randrange(1, 40))
        elif which < 0.3 and len(frame) > 60:
            yield frame[: random.randrange(54, len(frame))]
        elif which < 0.33:
            yield raw(LINKS[3] / packet)


def main():
    writer = RawPcapWriter(sys.argv[1], linktype=1)
    said = []
    for frame in frames():
        writer.write(frame)
        said.append(fate(frame))
    writer.close()
    json.dump(said, sys.stdout)


main()
