"""Sends frames that try to get past a filter, to the UDP port and the TCP port of a service:
forged-frames.py DEVICE OWN_MAC ITS_MAC PORT COUNT SEED. Prints how many it sent."""
import random
import socket
import struct
import sys

device, own_mac, its_mac, port, count, seed = sys.argv[1:7]
port, count = int(port), int(count)
draw = random.Random(int(seed))
OWN = bytes.fromhex(own_mac.replace(':', ''))
ITS = bytes.fromhex(its_mac.replace(':', ''))
S4, D4 = socket.inet_aton('192.0.2.2'), socket.inet_aton('192.0.2.1')
S6, D6 = (socket.inet_pton(socket.AF_INET6, a) for a in ('2001:db8::2', '2001:db8::1'))
DISTINCT, REPEATS = 5000, 10


def checksum(data):
    data += b'\0' * (len(data) % 2)
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def transport(protocol, pseudo):
    """A datagram or a segment to the service, usually with a right checksum; sometimes with a wrong length."""
    source, payload = draw.randrange(1, 65536), bytes(draw.randrange(0, 40))
    if protocol == 17:
        length = 8 + len(payload)
        said = length if draw.random() < 0.8 else draw.choice([0, 7, 8, length - 1, length + 1, 65535])
        head = struct.pack('!4H', source, port, said & 0xFFFF, 0)
        if pseudo is None and draw.random() < 0.5:
            return head + payload
        head = head[:6] + struct.pack('!H', checksum((pseudo or b'') + struct.pack('!HH', 17, length) + head + payload) or 0xFFFF)
        return head + payload
    words = draw.choice([5, 5, 5, 6, 10, 15, 4, 0])
    flags = draw.choice([2, 2, 0x12, 0x10, 0x18, 0x14, 1, 0, 0x29, 0xC2])
    head = struct.pack('!HHIIBBHHH', source, port, draw.getrandbits(32), 0, words << 4, flags, 65535, 0, 0)
    head += b'\1' * (4 * max(0, words - 5))
    sum_ = checksum((pseudo or b'') + struct.pack('!HH', 6, len(head) + len(payload)) + head + payload)
    return head[:16] + struct.pack('!H', sum_) + head[18:] + payload


def ipv4(protocol, payload, offset=0, more=False, ident=None, broadcast=False):
    options = draw.choice([b'', b'', b'', b'\1\1\1\0', b'\x94\4\0\0', b'\7\7\4\0\0\0\0\0', b'\1' * 40])
    words = 5 + len(options) // 4
    if draw.random() < 0.03:
        words = draw.randrange(16)
    total = 20 + len(options) + len(payload)
    if draw.random() < 0.05:
        total = draw.choice([0, 20, total - 1, total + 1, 65535])
    ident = draw.getrandbits(16) if ident is None else ident
    destination = socket.inet_aton(draw.choice(['192.0.2.255', '255.255.255.255'])) if broadcast else D4
    where = (offset // 8) | (0x2000 if more else 0) | (0x4000 if offset == 0 and not more and draw.random() < 0.3 else 0)
    if offset == 0 and not more and draw.random() < 0.02:
        where |= 0x8000
    head = struct.pack('!BBHHHBBH4s4s', 0x40 | words, 0, total, ident, where, 64, protocol, 0, S4, destination) + options
    return head[:10] + struct.pack('!H', checksum(head)) + head[12:] + payload


def extension(kind, after):
    """An extension header of IPv6 of some length, before a header of type `after`."""
    if kind == 44:
        return struct.pack('!BBHI', after, 0, 0, draw.getrandbits(32))
    if kind == 51:
        units = draw.randrange(1, 5)
        return struct.pack('!BB', after, units) + bytes(4 * (units + 2) - 2)
    units = draw.choice([0, 0, 1, 3])
    body = bytearray(8 * (units + 1) - 2)
    if kind == 43:
        body[0], body[1] = draw.choice([0, 2, 4, 253]), draw.choice([0, 0, 1])
    else:
        body[0], body[1] = 1, len(body) - 2
    return struct.pack('!BB', after, units) + bytes(body)


def ipv6(protocol, payload, chain=()):
    first = protocol
    for kind in reversed(chain):
        payload, first = extension(kind, first) + payload, kind
    length = len(payload) if draw.random() < 0.95 else draw.choice([0, len(payload) - 1, len(payload) + 1, 65535])
    return struct.pack('!IHBB16s16s', 0x60000000, max(0, length) & 0xFFFF, first, 64, S6, D6) + payload


def link(kind, packet, tags=(), broadcast=False):
    head = (b'\xff' * 6 if broadcast else ITS) + OWN
    for tag in tags:
        head += struct.pack('!HH', tag, draw.choice([0, 0, 0x2000, 0xE000, 1]))
    return head + struct.pack('!H', kind) + packet


def fragments4(protocol):
    whole, ident = transport(protocol, S4 + D4), draw.getrandbits(16)
    cut = draw.choice([8, 16, 24])
    parts = [(0, whole[:cut], True), (cut, whole[cut:], False)]
    if draw.random() < 0.3:  # a second copy, or an overlap
        parts.append((draw.choice([0, 8]), whole[: draw.choice([8, 16])], True))
    draw.shuffle(parts)
    return [(0x0800, ipv4(protocol, part, offset, more, ident)) for offset, part, more in parts]


def fragments6(protocol):
    whole, ident = transport(protocol, S6 + D6), draw.getrandbits(32)
    before = extension(60, protocol) if draw.random() < 0.5 else b''
    first, whole = (60 if before else protocol), before + whole
    cut = draw.choice([8, 16, 24])
    if cut >= len(whole):
        cut = 8
    parts = [(0, whole[:cut], 1), (cut, whole[cut:], 0)]
    draw.shuffle(parts)
    return [
        (0x86DD, ipv6(44, struct.pack('!BBHI', first, 0, offset | more, ident) + part)) for offset, part, more in parts
    ]


def generate():
    protocol, family, form = draw.choice([17, 6]), draw.choice([4, 6]), draw.random()
    tags = draw.choice([(), (), (), (0x8100,), (0x88A8,), (0x88A8, 0x8100), (0x8100, 0x8100), (0x8100,) * 3])
    if form < 0.25:
        return [link(kind, packet, tags) for kind, packet in (fragments4 if family == 4 else fragments6)(protocol)]
    broadcast = family == 4 and draw.random() < 0.05
    if family == 4:
        packet = ipv4(protocol, transport(protocol, S4 + D4), broadcast=broadcast)
    else:
        chain = draw.choices([0, 60, 43, 44, 51, 60, 135], k=draw.choice([0, 0, 1, 1, 2, 3, 8]))
        packet = ipv6(protocol, transport(protocol, S6 + D6), chain)
    frame = bytearray(link(0x0800 if family == 4 else 0x86DD, packet, tags, broadcast))
    if draw.random() < 0.1:
        for _ in range(draw.randrange(1, 4)):
            frame[draw.randrange(12, len(frame))] = draw.getrandbits(8)
    if draw.random() < 0.05:
        frame = frame[: draw.randrange(14, len(frame))]
    if draw.random() < 0.2:
        frame += bytes(draw.randrange(60))
    return [bytes(frame)]


out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind((device, 0))
sent = 0
while sent < count:
    frames = []
    while len(frames) < DISTINCT:
        frames += generate()
    for _ in range(REPEATS):
        for frame in frames:
            try:
                out.send(frame)
                sent += 1
            except OSError:
                pass
print(sent)
