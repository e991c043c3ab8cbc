#include "ethtool.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "args.h"

namespace lbt {
namespace {

// More features than any kernel has by now (about 60): a count beyond is not believed.
constexpr uint32_t kMaxFeatures = 1024;

// One interface by name, and the socket that the ioctls need.
class Device {
 public:
  explicit Device(const std::string& name) : socket_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    strncpy(request_.ifr_name, name.c_str(), IFNAMSIZ - 1);
  }

  // 0, or the errno.
  int Ask(void* command) {
    if (!socket_.valid()) return EMFILE;
    request_.ifr_data = static_cast<char*>(command);
    return ioctl(socket_.get(), SIOCETHTOOL, &request_) == 0 ? 0 : errno;
  }

 private:
  UniqueFd socket_;
  ifreq request_ = {};
};

std::string TextOf(const char* field, size_t size) { return {field, strnlen(field, size)}; }

// How many features this kernel knows.
uint32_t CountFeatures(Device& device) {
  uint8_t buffer[sizeof(ethtool_sset_info) + sizeof(uint32_t)] = {};
  ethtool_sset_info header = {};
  header.cmd = ETHTOOL_GSSET_INFO;
  header.sset_mask = 1ULL << ETH_SS_FEATURES;
  memcpy(buffer, &header, sizeof header);
  if (device.Ask(buffer) != 0) return 0;
  memcpy(&header, buffer, sizeof header);
  uint32_t count = 0;
  memcpy(&count, buffer + sizeof header, sizeof count);
  return header.sset_mask != 0 && count <= kMaxFeatures ? count : 0;
}

// The kernel writes as many names as it has, whatever `len` says: the count is its own, of a moment ago.
std::vector<std::string> FeatureNames(Device& device, uint32_t count) {
  std::vector<uint8_t> buffer(sizeof(ethtool_gstrings) + static_cast<size_t>(kMaxFeatures) * ETH_GSTRING_LEN);
  ethtool_gstrings header = {};
  header.cmd = ETHTOOL_GSTRINGS;
  header.string_set = ETH_SS_FEATURES;
  header.len = count;
  memcpy(buffer.data(), &header, sizeof header);
  if (device.Ask(buffer.data()) != 0) return {};
  memcpy(&header, buffer.data(), sizeof header);
  std::vector<std::string> names;
  for (uint32_t i = 0; i < std::min(header.len, count); i++) {
    const size_t at = sizeof header + static_cast<size_t>(i) * ETH_GSTRING_LEN;
    names.push_back(TextOf(reinterpret_cast<const char*>(buffer.data() + at), ETH_GSTRING_LEN));
  }
  return names;
}

std::vector<ethtool_get_features_block> FeatureBlocks(Device& device, uint32_t count) {
  const uint32_t blocks = (count + 31) / 32;
  const size_t bytes = blocks * sizeof(ethtool_get_features_block);
  std::vector<uint8_t> buffer(sizeof(ethtool_gfeatures) + bytes);
  ethtool_gfeatures header = {};
  header.cmd = ETHTOOL_GFEATURES;
  header.size = blocks;
  memcpy(buffer.data(), &header, sizeof header);
  if (device.Ask(buffer.data()) != 0) return {};
  std::vector<ethtool_get_features_block> found(blocks);
  memcpy(found.data(), buffer.data() + sizeof header, bytes);
  return found;
}

Napi::Object Features(Napi::Env env, Device& device) {
  Napi::Object features = Napi::Object::New(env);
  const uint32_t count = CountFeatures(device);
  const std::vector<std::string> names = FeatureNames(device, count);
  const std::vector<ethtool_get_features_block> blocks = FeatureBlocks(device, count);
  for (size_t i = 0; i < names.size() && i / 32 < blocks.size(); i++) {
    if (names[i].empty()) continue;
    const ethtool_get_features_block& block = blocks[i / 32];
    const uint32_t bit = 1U << (i % 32);
    Napi::Object feature = Napi::Object::New(env);
    feature.Set("on", (block.active & bit) != 0);
    feature.Set("changeable", (block.available & bit) != 0 && (block.never_changed & bit) == 0);
    features.Set(names[i], feature);
  }
  return features;
}

void AddChannels(Napi::Object facts, Device& device) {
  ethtool_channels found = {};
  found.cmd = ETHTOOL_GCHANNELS;
  if (device.Ask(&found) != 0) return;
  Napi::Object channels = Napi::Object::New(facts.Env());
  channels.Set("rx", found.rx_count);
  channels.Set("tx", found.tx_count);
  channels.Set("combined", found.combined_count);
  channels.Set("rxMax", found.max_rx);
  channels.Set("txMax", found.max_tx);
  channels.Set("combinedMax", found.max_combined);
  facts.Set("channels", channels);
}

void AddRing(Napi::Object facts, Device& device) {
  ethtool_ringparam found = {};
  found.cmd = ETHTOOL_GRINGPARAM;
  if (device.Ask(&found) != 0) return;
  Napi::Object ring = Napi::Object::New(facts.Env());
  ring.Set("rx", found.rx_pending);
  ring.Set("tx", found.tx_pending);
  ring.Set("rxMax", found.rx_max_pending);
  ring.Set("txMax", found.tx_max_pending);
  facts.Set("ring", ring);
}

}  // namespace

std::string DriverOf(const std::string& interface_name) {
  Device device(interface_name);
  ethtool_drvinfo driver = {};
  driver.cmd = ETHTOOL_GDRVINFO;
  return device.Ask(&driver) == 0 ? TextOf(driver.driver, sizeof driver.driver) : std::string();
}

Napi::Value EthtoolFacts(const Napi::CallbackInfo& info) {
  Call call{info.Env(), "ethtool", ""};
  call.target = RequireString(call, info[0], "name");
  if (call.target.size() >= IFNAMSIZ || if_nametoindex(call.target.c_str()) == 0) throw call.Failed(ENODEV);
  Device device(call.target);
  ethtool_drvinfo driver = {};
  driver.cmd = ETHTOOL_GDRVINFO;
  if (device.Ask(&driver) != 0) driver = {};  // a device without a driver of its own, such as the loopback
  Napi::Object facts = Napi::Object::New(info.Env());
  facts.Set("driver", TextOf(driver.driver, sizeof driver.driver));
  facts.Set("version", TextOf(driver.version, sizeof driver.version));
  facts.Set("firmware", TextOf(driver.fw_version, sizeof driver.fw_version));
  facts.Set("bus", TextOf(driver.bus_info, sizeof driver.bus_info));
  facts.Set("features", Features(info.Env(), device));
  AddChannels(facts, device);
  AddRing(facts, device);
  return facts;
}

}  // namespace lbt
