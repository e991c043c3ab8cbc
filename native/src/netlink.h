// Netlink: requests to the kernel, and answers whose every length is checked before a byte is read.
#ifndef LIBBPF_TS_NETLINK_H
#define LIBBPF_TS_NETLINK_H

#include <linux/netlink.h>

#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "error.h"
#include "handle.h"

namespace lbt {

// The attributes behind a message's header. What is shorter than asked for is as if it were not there.
class Attributes {
 public:
  explicit Attributes(std::span<const uint8_t> bytes);

  bool Has(uint16_t type) const { return Find(type).has_value(); }
  std::optional<std::span<const uint8_t>> Find(uint16_t type) const;
  std::optional<uint32_t> U32(uint16_t type) const;
  // Up to the first NUL; empty where there is none.
  std::string Text(uint16_t type) const;
  // Attributes inside an attribute; none where it is not there.
  Attributes Nested(uint16_t type) const;

  struct Entry {
    uint16_t type;
    std::span<const uint8_t> value;
  };
  const std::vector<Entry>& entries() const noexcept { return entries_; }

 private:
  std::vector<Entry> entries_;
};

struct NetlinkMessage {
  uint16_t type;
  std::span<const uint8_t> payload;

  // The fixed header of a message; nullopt where the message is shorter.
  template <typename Header>
  std::optional<Header> As() const {
    if (payload.size() < sizeof(Header)) return std::nullopt;
    Header header;
    memcpy(&header, payload.data(), sizeof header);
    return header;
  }
  // What follows a header of type Header.
  template <typename Header>
  Attributes After() const {
    constexpr size_t kSize = NLMSG_ALIGN(sizeof(Header));
    return Attributes(payload.size() > kSize ? payload.subspan(kSize) : std::span<const uint8_t>{});
  }
};

// Splits what one recv gave; what is not a whole message ends it.
void ForEachMessage(std::span<const uint8_t> received, const std::function<void(const nlmsghdr&, NetlinkMessage)>& each);

class NetlinkSocket {
 public:
  // `protocol` is NETLINK_ROUTE, ...; `groups` those it listens to. Throws the call's error.
  NetlinkSocket(const Call& call, int protocol, uint32_t groups = 0);

  int fd() const noexcept { return fd_.get(); }
  UniqueFd Take() && { return std::move(fd_); }

  // Everything the kernel answers to a dump request, asked anew where it changed meanwhile. Throws the call's error.
  template <typename Body>
  std::vector<std::vector<uint8_t>> Dump(const Call& call, uint16_t type, const Body& body) {
    return DumpBytes(call, type, {reinterpret_cast<const uint8_t*>(&body), sizeof body});
  }

 private:
  std::vector<std::vector<uint8_t>> DumpBytes(const Call& call, uint16_t type, std::span<const uint8_t> body);
  // False where the answer is not of one moment.
  bool DumpOnce(const Call& call, uint16_t type, std::span<const uint8_t> body, std::vector<std::vector<uint8_t>>& out);

  UniqueFd fd_;
  uint32_t sequence_ = 0;
};

// The same with each message of type `answer` handed to `each`.
template <typename Body>
void DumpEach(const Call& call, int protocol, uint16_t request, uint16_t answer, const Body& body,
              const std::function<void(const NetlinkMessage&)>& each) {
  NetlinkSocket socket(call, protocol);
  for (const std::vector<uint8_t>& received : socket.Dump(call, request, body)) {
    ForEachMessage(received, [&](const nlmsghdr& header, NetlinkMessage message) {
      if (header.nlmsg_type == answer) each(message);
    });
  }
}

}  // namespace lbt

#endif
