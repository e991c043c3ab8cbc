// The interfaces of the network namespace this thread is in.
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "args.h"
#include "system.h"

namespace lbt {
namespace {

ifreq RequestFor(const char* name) {
  ifreq request = {};
  strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  return request;
}

// Empty where the kernel names none, such as for the loopback interface.
std::string DriverOf(int socket, const char* name) {
  ethtool_drvinfo driver = {};
  driver.cmd = ETHTOOL_GDRVINFO;
  ifreq request = RequestFor(name);
  request.ifr_data = reinterpret_cast<char*>(&driver);
  if (ioctl(socket, SIOCETHTOOL, &request) != 0) return {};
  return {driver.driver, strnlen(driver.driver, sizeof driver.driver)};
}

int MtuOf(int socket, const char* name) {
  ifreq request = RequestFor(name);
  return ioctl(socket, SIOCGIFMTU, &request) == 0 ? request.ifr_mtu : 0;
}

bool IsUp(int socket, const char* name) {
  ifreq request = RequestFor(name);
  return ioctl(socket, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP) != 0;
}

std::string MacText(const sockaddr_ll& link) {
  char text[18];
  if (link.sll_halen != 6) return {};
  const unsigned char* a = link.sll_addr;
  snprintf(text, sizeof text, "%02x:%02x:%02x:%02x:%02x:%02x", a[0], a[1], a[2], a[3], a[4], a[5]);
  return text;
}

uint32_t PrefixLength(const uint8_t* mask, size_t bytes) {
  uint32_t bits = 0;
  for (size_t i = 0; i < bytes; i++) bits += static_cast<uint32_t>(std::popcount(mask[i]));
  return bits;
}

void AddAddress(Napi::Array addresses, const ifaddrs& entry) {
  const bool v4 = entry.ifa_addr->sa_family == AF_INET;
  const auto bytes = [v4](const sockaddr* address) -> const void* {
    if (v4) return &reinterpret_cast<const sockaddr_in*>(address)->sin_addr;
    return &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
  };
  char text[INET6_ADDRSTRLEN];
  if (inet_ntop(entry.ifa_addr->sa_family, bytes(entry.ifa_addr), text, sizeof text) == nullptr) return;
  Napi::Object address = Napi::Object::New(addresses.Env());
  address.Set("family", v4 ? 4 : 6);
  address.Set("address", text);
  address.Set("prefixLength", entry.ifa_netmask == nullptr
                                  ? (v4 ? 32u : 128u)
                                  : PrefixLength(static_cast<const uint8_t*>(bytes(entry.ifa_netmask)), v4 ? 4 : 16));
  addresses.Set(addresses.Length(), address);
}

Napi::Object Describe(Napi::Env env, int socket, const struct if_nameindex& entry, const ifaddrs* all) {
  Napi::Object described = Napi::Object::New(env);
  const Napi::Array addresses = Napi::Array::New(env);
  std::string mac;
  for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || strcmp(one->ifa_name, entry.if_name) != 0) continue;
    const int family = one->ifa_addr->sa_family;
    if (family == AF_INET || family == AF_INET6) AddAddress(addresses, *one);
    if (family == AF_PACKET) mac = MacText(*reinterpret_cast<const sockaddr_ll*>(one->ifa_addr));
  }
  described.Set("name", entry.if_name);
  described.Set("index", entry.if_index);
  described.Set("mtu", MtuOf(socket, entry.if_name));
  described.Set("up", IsUp(socket, entry.if_name));
  described.Set("mac", mac);
  described.Set("addresses", addresses);
  described.Set("driver", DriverOf(socket, entry.if_name));
  return described;
}

}  // namespace

Napi::Value Interfaces(const Napi::CallbackInfo& info) {
  const Call call{info.Env(), "interfaces", ""};
  const UniqueFd socket_fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket_fd.valid()) throw call.Failed(errno);
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) throw call.Failed(errno);
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> addresses(first, freeifaddrs);
  const std::unique_ptr<struct if_nameindex, void (*)(struct if_nameindex*)> names(if_nameindex(), if_freenameindex);
  if (!names) throw call.Failed(errno);
  const Napi::Array all = Napi::Array::New(info.Env());
  for (const struct if_nameindex* entry = names.get(); entry->if_index != 0; entry++) {
    all.Set(all.Length(), Describe(info.Env(), socket_fd.get(), *entry, addresses.get()));
  }
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
  const Call call{info.Env(), "netns_cookie", ""};
  const UniqueFd socket_fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket_fd.valid()) throw call.Failed(errno);
  uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  if (getsockopt(socket_fd.get(), SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) != 0) throw call.Failed(errno);
  return Napi::BigInt::New(info.Env(), cookie);
}

}  // namespace lbt
