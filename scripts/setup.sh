#!/usr/bin/env bash
# Makes a fresh Debian machine with Node 20 ready: Debian packages, npm packages, the build.
# Usage: scripts/setup.sh [test|bench]    with what only the tests or the bench need too. Safe to run again: what is
# there stays.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: error: %s\n' "$*" >&2; exit 1; }

need_node() {
  command -v node >/dev/null || fail "Node.js 20.19 or newer is not installed"
  node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
    fail "Node.js $(node --version) is too old: 20.19 or newer is needed"
}

# Services that a package would start (Prometheus, fail2ban) stay off: only their programs are wanted.
apt_install() {
  local guard=/usr/sbin/policy-rc.d made=""
  if [ ! -e "$guard" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$guard" && chmod +x "$guard" && made=1
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  fi
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends "$@" >/dev/null
  if [ -n "$made" ]; then rm -f "$guard" && trap - EXIT; fi
}

debian_packages() {
  local wanted=(clang llvm make g++ python3 libbpf-dev libelf-dev zlib1g-dev linux-libc-dev bpftool iproute2 util-linux)
  local peers=(xdp-tools nftables iptables ipset ethtool)
  case "${1:-}" in
  test)
    wanted+=(iputils-ping dnsmasq-base busybox faketime prometheus fail2ban systemd python3-scapy man-db groff bash-completion zsh fish lintian binutils xz-utils tshark etcd-server etcd-client)
    wanted+=(chromium "${peers[@]}")
    ;;
  bench) wanted+=("${peers[@]}") ;;
  esac
  local missing=() own=
  own=$(dpkg --print-architecture)
  for package in "${wanted[@]}"; do
    dpkg-query -W -f='${Status} ${Architecture}\n' "$package" 2>/dev/null | grep -Eq "^install ok installed ($own|all)$" ||
      missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || fail "these packages are missing, and there is no apt-get: ${missing[*]}"
  [ "$(id -u)" = 0 ] || fail "these packages are missing, run as root: ${missing[*]}"
  say "installing Debian packages: ${missing[*]}"
  apt_install "${missing[@]}"
}

npm_packages() {
  local stamp=node_modules/.xdpol-lock
  cmp -s package-lock.json "$stamp" && return 0
  say "installing npm packages"
  npm ci --no-audit --no-fund --loglevel=error
  cp package-lock.json "$stamp"
}

# The addon takes the longest to build and changes the least.
native_addon() {
  local stamp=native/build/.xdpol-sources now
  now=$(cat native/binding.gyp native/build.js native/*.ts native/lib/*.ts native/src/* | sha256sum; node --version)
  if [ -f "$stamp" ] && [ -f native/dist/index.js ] && [ "$(cat "$stamp")" = "$now" ]; then return 0; fi
  say "building the native addon"
  npm run --silent build:native
  mkdir -p native/build
  printf '%s\n' "$now" >"$stamp"
}

need_node
debian_packages "${1:-}"
npm_packages
native_addon
say "building the BPF object and the program"
npm run --silent build:bpf
npm run --silent build:ts
