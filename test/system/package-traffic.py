"""
Sends a frame to an open port and one to a blocked port of 131.107.1.1 every millisecond, until a file appears:
    package-traffic.py DEVICE MAC STOPFILE
Prints "started", and at the end how many of each it sent.
"""

import os
import socket
import struct
import sys
import time

MOST = 100_000


def checksum(data: bytes) -> int:
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def syn(mac: str, port: int) -> bytes:
    addresses = socket.inet_aton("131.107.1.2") + socket.inet_aton("131.107.1.1")
    tcp = struct.pack("!HHIIBBHHH", 40000, port, 1, 0, 0x50, 2, 8192, 0, 0)
    tcp = tcp[:16] + struct.pack("!H", checksum(addresses + struct.pack("!HH", 6, 20) + tcp)) + tcp[18:]
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 40, 0, 0, 64, 6, 0) + addresses
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    return bytes.fromhex(mac.replace(":", "")) + b"\x02\0\0\0\0\x02" + b"\x08\0" + ip + tcp


device, mac, stop = sys.argv[1:]
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind((device, 0))
frames = [syn(mac, port) for port in (80, 22)]
print("started", flush=True)
sent = 0
while not os.path.exists(stop) and sent < MOST:
    for frame in frames:
        out.send(frame)
    sent += 1
    time.sleep(0.001)
print(sent)
