// Sockets and routes of the network namespace this thread is in.
#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

#include "args.h"
#include "netlink.h"
#include "system.h"

namespace lbt {
namespace {

// enum in linux/tcp.h's kernel half (net/tcp_states.h).
constexpr uint8_t kEstablished = 1;
constexpr uint8_t kListen = 10;
constexpr uint8_t kFamilies[] = {AF_INET, AF_INET6};

std::span<const uint8_t> BytesOf(const uint32_t (&words)[4], int family) {
  return {reinterpret_cast<const uint8_t*>(words), family == AF_INET ? sizeof(in_addr) : sizeof(in6_addr)};
}

// An IPv6 socket that speaks IPv4 has addresses ::ffff:a.b.c.d: its packets are IPv4.
bool IsMapped(const uint32_t (&words)[4]) { return words[0] == 0 && words[1] == 0 && words[2] == htonl(0xffff); }

std::string EndText(const uint32_t (&words)[4], int family, bool mapped) {
  const auto bytes = BytesOf(words, family);
  return mapped ? AddressText(AF_INET, bytes.subspan(12)) : AddressText(family, bytes);
}

Napi::Object DescribeSocket(Napi::Env env, const inet_diag_msg& found) {
  const auto& [sport, dport, src, dst, interface_index, cookie] = found.id;
  const bool mapped = found.idiag_family == AF_INET6 && IsMapped(src);
  Napi::Object described = Napi::Object::New(env);
  described.Set("family", found.idiag_family == AF_INET || mapped ? 4 : 6);
  described.Set("state", found.idiag_state == kListen ? "listen" : "established");
  described.Set("localAddress", EndText(src, found.idiag_family, mapped));
  described.Set("localPort", static_cast<uint32_t>(ntohs(sport)));
  // A listening socket has no other end.
  described.Set("remoteAddress", EndText(dst, found.idiag_family, mapped && IsMapped(dst)));
  described.Set("remotePort", static_cast<uint32_t>(ntohs(dport)));
  described.Set("uid", found.idiag_uid);
  described.Set("inode", found.idiag_inode);
  return described;
}

struct Hop {
  uint32_t interface_index;
  std::string gateway;
};

// RTA_VIA: an IPv4 route by an IPv6 gateway.
std::string GatewayOf(int family, const Attributes& attributes) {
  if (const auto gateway = attributes.Find(RTA_GATEWAY)) return AddressText(family, *gateway);
  const auto via = attributes.Find(RTA_VIA);
  uint16_t via_family = 0;
  if (!via || via->size() < sizeof via_family) return {};
  memcpy(&via_family, via->data(), sizeof via_family);
  return AddressText(via_family, via->subspan(sizeof via_family));
}

std::vector<Hop> HopsOf(int family, const Attributes& attributes) {
  std::span<const uint8_t> several = attributes.Find(RTA_MULTIPATH).value_or(std::span<const uint8_t>{});
  std::vector<Hop> hops;
  if (several.empty()) hops.push_back({attributes.U32(RTA_OIF).value_or(0), GatewayOf(family, attributes)});
  while (several.size() >= sizeof(rtnexthop)) {
    rtnexthop one;
    memcpy(&one, several.data(), sizeof one);
    if (one.rtnh_len < sizeof one || one.rtnh_len > several.size()) break;
    const Attributes inside(several.subspan(sizeof one, one.rtnh_len - sizeof one));
    hops.push_back({static_cast<uint32_t>(one.rtnh_ifindex), GatewayOf(family, inside)});
    several = several.subspan(std::min(several.size(), static_cast<size_t>(RTNH_ALIGN(one.rtnh_len))));
  }
  return hops;
}

void AddRoute(Napi::Array all, const rtmsg& route, const Attributes& attributes) {
  if (route.rtm_dst_len != 0 || route.rtm_type != RTN_UNICAST || (route.rtm_flags & RTM_F_CLONED) != 0) return;
  for (const auto& [interface_index, gateway] : HopsOf(route.rtm_family, attributes)) {
    Napi::Object described = Napi::Object::New(all.Env());
    described.Set("family", route.rtm_family == AF_INET ? 4 : 6);
    if (!gateway.empty()) described.Set("gateway", gateway);
    described.Set("interfaceIndex", interface_index);
    described.Set("metric", attributes.U32(RTA_PRIORITY).value_or(0));
    described.Set("table", attributes.U32(RTA_TABLE).value_or(route.rtm_table));
    all.Set(all.Length(), described);
  }
}

}  // namespace

Napi::Value TcpSockets(const Napi::CallbackInfo& info) {
  const Call call{info.Env(), "tcp_sockets", ""};
  const Napi::Array all = Napi::Array::New(info.Env());
  for (const uint8_t family : kFamilies) {
    inet_diag_req_v2 wanted = {};
    wanted.sdiag_family = family;
    wanted.sdiag_protocol = IPPROTO_TCP;
    wanted.idiag_states = 1U << kEstablished | 1U << kListen;
    DumpEach(call, NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, SOCK_DIAG_BY_FAMILY, wanted,
             [&](const NetlinkMessage& message) {
               const auto found = message.As<inet_diag_msg>();
               if (found) all.Set(all.Length(), DescribeSocket(info.Env(), *found));
             });
  }
  return all;
}

Napi::Value DefaultRoutes(const Napi::CallbackInfo& info) {
  const Call call{info.Env(), "default_routes", ""};
  const Napi::Array all = Napi::Array::New(info.Env());
  for (const uint8_t family : kFamilies) {
    rtmsg wanted = {};
    wanted.rtm_family = family;
    DumpEach(call, NETLINK_ROUTE, RTM_GETROUTE, RTM_NEWROUTE, wanted, [&](const NetlinkMessage& message) {
      const auto route = message.As<rtmsg>();
      if (route && route->rtm_family == family) AddRoute(all, *route, message.After<rtmsg>());
    });
  }
  return all;
}

}  // namespace lbt
