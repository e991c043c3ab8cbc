// The interfaces of the network namespace this thread is in, as rtnetlink tells them: by index, so that a name that
// changes meanwhile mixes no two of them up.
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdio>
#include <map>
#include <thread>

#include "args.h"
#include "ethtool.h"
#include "netlink.h"
#include "system.h"

namespace lbt {
namespace {

// linux/if_link.h of 6.1 ends before these.
constexpr uint16_t kGsoIpv4MaxSize = 63;
constexpr uint16_t kGroIpv4MaxSize = 64;
constexpr size_t kMacLength = 6;

std::string MacText(const Attributes& attributes) {
  const auto address = attributes.Find(IFLA_ADDRESS);
  if (!address || address->size() != kMacLength) return {};
  const std::span<const uint8_t>& a = *address;
  char text[18];
  snprintf(text, sizeof text, "%02x:%02x:%02x:%02x:%02x:%02x", a[0], a[1], a[2], a[3], a[4], a[5]);
  return text;
}

void SetNumber(Napi::Object object, const char* name, std::optional<uint32_t> value) {
  if (value && *value != 0) object.Set(name, *value);
}

void SetText(Napi::Object object, const char* name, const std::string& value) {
  if (!value.empty()) object.Set(name, value);
}

Napi::Object DescribeLink(Napi::Env env, const ifinfomsg& link, const Attributes& attributes) {
  Napi::Object described = Napi::Object::New(env);
  const std::string name = attributes.Text(IFLA_IFNAME);
  const Attributes kind = attributes.Nested(IFLA_LINKINFO);
  described.Set("name", name);
  described.Set("index", link.ifi_index);
  described.Set("mtu", attributes.U32(IFLA_MTU).value_or(0));
  described.Set("up", (link.ifi_flags & IFF_UP) != 0);
  described.Set("running", (link.ifi_flags & IFF_RUNNING) != 0);
  described.Set("mac", MacText(attributes));
  described.Set("addresses", Napi::Array::New(env));
  described.Set("driver", DriverOf(name));
  described.Set("kind", kind.Text(IFLA_INFO_KIND));
  SetText(described, "portKind", kind.Text(IFLA_INFO_SLAVE_KIND));
  SetNumber(described, "master", attributes.U32(IFLA_MASTER));
  // The kernel names an interface its own peer where it has none.
  const std::optional<uint32_t> peer = attributes.U32(IFLA_LINK);
  const bool elsewhere = attributes.Has(IFLA_LINK_NETNSID);
  if (peer && (elsewhere || *peer != static_cast<uint32_t>(link.ifi_index))) SetNumber(described, "peer", peer);
  described.Set("peerElsewhere", elsewhere);
  SetNumber(described, "gsoMaxSize", attributes.U32(IFLA_GSO_MAX_SIZE));
  SetNumber(described, "groMaxSize", attributes.U32(IFLA_GRO_MAX_SIZE));
  SetNumber(described, "gsoIpv4MaxSize", attributes.U32(kGsoIpv4MaxSize));
  SetNumber(described, "groIpv4MaxSize", attributes.U32(kGroIpv4MaxSize));
  return described;
}

// A lifetime that does not end.
constexpr uint32_t kForever = 0xffffffff;

// Its own address; nullopt for other families and for what is too short.
std::optional<Napi::Object> DescribeAddress(Napi::Env env, const ifaddrmsg& header, const Attributes& attributes) {
  const bool v4 = header.ifa_family == AF_INET;
  if (!v4 && header.ifa_family != AF_INET6) return std::nullopt;
  // On a point-to-point link IFA_ADDRESS is the other end's.
  auto bytes = attributes.Find(IFA_LOCAL);
  if (!bytes) bytes = attributes.Find(IFA_ADDRESS);
  const std::string text = bytes ? AddressText(header.ifa_family, *bytes) : std::string();
  if (text.empty()) return std::nullopt;
  Napi::Object address = Napi::Object::New(env);
  address.Set("family", v4 ? 4 : 6);
  address.Set("address", text);
  address.Set("prefixLength", static_cast<uint32_t>(header.ifa_prefixlen));
  if (const auto cache = attributes.Find(IFA_CACHEINFO); cache && cache->size() >= sizeof(ifa_cacheinfo)) {
    ifa_cacheinfo life;
    std::memcpy(&life, cache->data(), sizeof life);
    if (life.ifa_valid != kForever) address.Set("validSeconds", life.ifa_valid);
  }
  return address;
}

// setns changes the calling thread, so another one is asked, which ends with its answer.
std::optional<uint64_t> CookieOf(int namespace_fd, int& err) {
  std::optional<uint64_t> cookie;
  std::thread([&] {
    if (namespace_fd >= 0 && setns(namespace_fd, CLONE_NEWNET) != 0) {
      err = errno;
      return;
    }
    const UniqueFd socket_fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    uint64_t number = 0;
    socklen_t size = sizeof number;
    if (!socket_fd.valid() || getsockopt(socket_fd.get(), SOL_SOCKET, SO_NETNS_COOKIE, &number, &size) != 0) {
      err = errno;
      return;
    }
    cookie = number;
  }).join();
  return cookie;
}

}  // namespace

std::string AddressText(int family, std::span<const uint8_t> bytes) {
  char text[INET6_ADDRSTRLEN];
  if (family != AF_INET && family != AF_INET6) return {};
  const size_t size = family == AF_INET ? sizeof(in_addr) : sizeof(in6_addr);
  if (bytes.size() < size || inet_ntop(family, bytes.data(), text, sizeof text) == nullptr) return {};
  return text;
}

Napi::Value Interfaces(const Napi::CallbackInfo& info) {
  const Call call{info.Env(), "interfaces", ""};
  const Napi::Array all = Napi::Array::New(info.Env());
  std::map<uint32_t, Napi::Object> by_index;
  ifinfomsg links = {};
  links.ifi_family = AF_UNSPEC;
  DumpEach(call, NETLINK_ROUTE, RTM_GETLINK, RTM_NEWLINK, links, [&](const NetlinkMessage& message) {
    const auto link = message.As<ifinfomsg>();
    if (!link || link->ifi_family != AF_UNSPEC) return;
    const auto index = static_cast<uint32_t>(link->ifi_index);
    const auto [at, added] = by_index.try_emplace(index, DescribeLink(info.Env(), *link, message.After<ifinfomsg>()));
    if (added) all.Set(all.Length(), at->second);
  });
  ifaddrmsg addresses = {};
  addresses.ifa_family = AF_UNSPEC;
  DumpEach(call, NETLINK_ROUTE, RTM_GETADDR, RTM_NEWADDR, addresses, [&](const NetlinkMessage& message) {
    const auto header = message.As<ifaddrmsg>();
    if (!header) return;
    const auto owner = by_index.find(header->ifa_index);
    const auto address = DescribeAddress(info.Env(), *header, message.After<ifaddrmsg>());
    if (owner == by_index.end() || !address) return;
    const Napi::Array list = owner->second.Get("addresses").As<Napi::Array>();
    list.Set(list.Length(), *address);
  });
  return all;
}

Napi::Value InterfaceIndex(const Napi::CallbackInfo& info) {
  const Call call{info.Env(), "interface_index", ""};
  const std::string name = RequireString(call, info[0], "name");
  const uint32_t index = if_nametoindex(name.c_str());
  return index == 0 ? info.Env().Undefined() : Napi::Number::New(info.Env(), index);
}

// The kernel gives each namespace a number that it never gives again; an inode number it does.
Napi::Value NetworkNamespaceCookie(const Napi::CallbackInfo& info) {
  Call call{info.Env(), "netns_cookie", ""};
  UniqueFd file;
  if (!info[0].IsUndefined()) {
    call.target = RequireString(call, info[0], "path");
    file = UniqueFd(open(call.target.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.valid()) throw call.Failed(errno);
  }
  int err = 0;
  const std::optional<uint64_t> cookie = CookieOf(file.get(), err);
  if (!cookie) throw call.Failed(err);
  return Napi::BigInt::New(info.Env(), *cookie);
}

}  // namespace lbt
