#!/bin/sh
# Installs OLDER in ROOT, an empty folder, applies a policy, upgrades to PACKAGE while frames arrive, uses it and removes
# it. Runs in network and mount namespaces of its own.
# Usage: package-session.sh OLDER PACKAGE ROOT
set -eu
older=$1 package=$2 root=$3 here=$(dirname "$0")

# A root with a shell, the C libraries and nothing else: no node, no compiler.
take() {
    for file; do
        mkdir -p "$root$(dirname "$file")"
        cp -L "$file" "$root$file"
    done
}
libraries() { ldd "$@" | grep -o '/[^ ]*\.so[^ ]*' | sort -u; }
mkdir -p "$root/bin" "$root/usr/bin" "$root/proc" "$root/dev" "$root/sys" "$root/tmp" "$root/var/lib/dpkg/info" "$root/var/lib/dpkg/updates"
touch "$root/var/lib/dpkg/status" "$root/var/lib/dpkg/available"
for program in sh find rm; do
    take "$(command -v $program)"
    take $(libraries "$(command -v $program)")
done
cp -L /bin/sh "$root/bin/sh"
# Of this machine's architecture: another's may be installed beside it.
own=$(dpkg --print-architecture)
take $(dpkg -L "libbpf1:$own" "libelf1:$own" "zlib1g:$own" "libstdc++6:$own" "libgcc-s1:$own" | grep '\.so\.')
take $(libraries "$(command -v node)")
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount -t bpf bpf "$root/sys/fs/bpf"

export PATH=/usr/bin:/bin:/usr/sbin:/sbin XDPOL_BPFFS=/sys/fs/bpf XDPOL_AGENT_SOCKET=
unset NODE_EXTRA_CA_CERTS NODE_OPTIONS XDPOL_STATE_DIR
step() { echo "== $*"; }
xdpol() { chroot "$root" /usr/bin/xdpol "$@"; }
programs() { ip -d link show eth0 | grep -c 'prog/xdp' || true; }

ip link add eth0 type veth peer name peer0
ip addr add 131.107.1.1/24 dev eth0
ip link set lo up && ip link set eth0 up && ip link set peer0 up
sysctl -qw net.ipv6.conf.peer0.disable_ipv6=1

step installed
dpkg --root="$root" --force-depends -i "$older" 2>&1
step programs "$(programs)"
step version "$(xdpol --version)"
step node "$(chroot "$root" /bin/sh -c 'command -v node || echo none')"
step check
xdpol check /usr/share/doc/xdpol/examples/packet-filter.yaml --me 131.107.1.1
step usage
chroot "$root" /usr/bin/ipsecpol '-?'
step apply
xdpol apply /usr/share/doc/xdpol/examples/packet-filter.yaml -i eth0
step status
xdpol status
step programs "$(programs)"
# Frames for a port that is open and one that is not arrive all the time.
python3 "$here/package-traffic.py" peer0 "$(cat /sys/class/net/eth0/address)" "$root/stop" >"$root/sent" &
traffic=$!
until [ -s "$root/sent" ]; do sleep 0.1; done
step upgraded
dpkg --root="$root" --force-depends -i "$package" 2>&1
step programs "$(programs)"
step applied
xdpol apply /usr/share/doc/xdpol/examples/packet-filter.yaml -i eth0
touch "$root/stop"
wait "$traffic"
step sent "$(tail -1 "$root/sent")"
step counted
xdpol counters --json
# As a host has it after the installation: the group, and the agent.
echo 'xdpol:x:990:' >>"$root/etc/group"
mkdir -p "$root/run/xdpol"
socket=/run/xdpol/agent.sock
XDPOL_AGENT_SOCKET=$socket chroot "$root" /usr/bin/xdpol agent --listen 127.0.0.1:0 >"$root/agent.log" 2>&1 &
agent=$!
for _ in $(seq 100); do [ -S "$root$socket" ] || sleep 0.1; done
as_nobody() { XDPOL_AGENT_SOCKET=$socket chroot --userspec="65534:$1" "$root" /usr/bin/xdpol status 2>&1; }
step member "$(as_nobody 990)"
step stranger "$(as_nobody 65534 || echo refused)"
kill "$agent"
wait "$agent" || true
step removed
dpkg --root="$root" --force-depends -r xdpol 2>&1
step programs "$(programs)"
step purge
dpkg --root="$root" --force-depends -P xdpol 2>&1 || echo "refused"
step programs "$(programs)"
step again
dpkg --root="$root" --force-depends -i "$package" 2>&1
xdpol unassign
step programs "$(programs)"
step end
dpkg --root="$root" --force-depends -P xdpol 2>&1 && echo "purged"
ls "$root/var/lib/xdpol" 2>/dev/null || echo "no store"
