"""Sockets of a service in the host's namespace: hear-datagrams.py PORT. Prints `ready`, and at the end of its input how many
datagrams they got. Its TCP sockets only listen: what reaches TCP is counted by the kernel."""
import select
import socket
import sys

port = int(sys.argv[1])
heard = []
for family in (socket.AF_INET, socket.AF_INET6):
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        one = socket.socket(family, kind)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.bind(('', port))
        if kind == socket.SOCK_STREAM:
            one.listen()
        else:
            one.setblocking(False)
            heard.append(one)
print('ready', flush=True)
total = 0
while True:
    for one in select.select([*heard, sys.stdin], [], [])[0]:
        if one is sys.stdin:
            print(total)
            sys.exit()
        try:
            while one.recv(65536) is not None:
                total += 1
        except BlockingIOError:
            pass
