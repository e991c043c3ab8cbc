// What the kernel says of its network devices by the generic netlink family "netdev".
#include <linux/genetlink.h>

#include <optional>

#include "args.h"
#include "netlink.h"
#include "system.h"

namespace lbt {
namespace {

// linux/netdev.h came with Linux 6.3.
constexpr uint8_t kDevGet = 1;
constexpr uint16_t kIfindex = 1;
constexpr uint16_t kXdpFeatures = 3;
// By bit, as in Documentation/netlink/specs/netdev.yaml.
constexpr const char* kFeatureNames[] = {"basic",      "redirect", "ndo-xmit",   "xsk-zerocopy",
                                         "hw-offload", "rx-sg",    "ndo-xmit-sg"};

constexpr genlmsghdr Command(uint8_t number) { return {.cmd = number, .version = 1, .reserved = 0}; }

// nullopt: the kernel is older than the family.
std::optional<uint16_t> NetdevFamily(const Call& call) {
  std::optional<uint16_t> id;
  DumpEach(call, NETLINK_GENERIC, GENL_ID_CTRL, GENL_ID_CTRL, Command(CTRL_CMD_GETFAMILY),
           [&](const NetlinkMessage& message) {
             const Attributes family = message.After<genlmsghdr>();
             const auto number = family.Find(CTRL_ATTR_FAMILY_ID);
             if (!number || number->size() < sizeof(uint16_t) || family.Text(CTRL_ATTR_FAMILY_NAME) != "netdev") return;
             uint16_t found = 0;
             memcpy(&found, number->data(), sizeof found);
             id = found;
           });
  return id;
}

std::optional<uint64_t> FeaturesOf(const Call& call, uint16_t family, uint32_t ifindex) {
  std::optional<uint64_t> features;
  DumpEach(call, NETLINK_GENERIC, family, family, Command(kDevGet), [&](const NetlinkMessage& message) {
    const Attributes device = message.After<genlmsghdr>();
    const auto bits = device.Find(kXdpFeatures);
    if (device.U32(kIfindex) != ifindex || !bits || bits->size() < sizeof(uint64_t)) return;
    uint64_t found = 0;
    memcpy(&found, bits->data(), sizeof found);
    features = found;
  });
  return features;
}

}  // namespace

Napi::Value XdpFeatures(const Napi::CallbackInfo& info) {
  const Call call{info.Env(), "xdp_features", ""};
  const uint32_t ifindex = RequireInterface(call, info[0]);
  const std::optional<uint16_t> family = NetdevFamily(call);
  const std::optional<uint64_t> bits = family ? FeaturesOf(call, *family, ifindex) : std::nullopt;
  if (!bits) return info.Env().Undefined();
  Napi::Array names = Napi::Array::New(info.Env());
  uint32_t bit = 0;
  for (const char* name : kFeatureNames) {
    if ((*bits >> bit++ & 1) != 0) names.Set(names.Length(), name);
  }
  return names;
}

}  // namespace lbt
