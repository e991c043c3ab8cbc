#include "netlink.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>

namespace lbt {
namespace {

// The kernel fills at most 32 KiB a message of a dump, unless one answer alone is larger.
constexpr size_t kReceiveBuffer = 256 * 1024;
// Of a dump during which the kernel's tables changed.
constexpr int kAttempts = 8;
constexpr time_t kAnswerSeconds = 10;

}  // namespace

Attributes::Attributes(std::span<const uint8_t> bytes) {
  while (bytes.size() >= sizeof(nlattr)) {
    nlattr header;
    memcpy(&header, bytes.data(), sizeof header);
    if (header.nla_len < sizeof header || header.nla_len > bytes.size()) return;
    entries_.push_back({static_cast<uint16_t>(header.nla_type & NLA_TYPE_MASK),
                        bytes.subspan(NLA_HDRLEN, header.nla_len - NLA_HDRLEN)});
    const size_t next = NLA_ALIGN(header.nla_len);
    if (next >= bytes.size()) return;
    bytes = bytes.subspan(next);
  }
}

std::optional<std::span<const uint8_t>> Attributes::Find(uint16_t type) const {
  for (const Entry& entry : entries_) {
    if (entry.type == type) return entry.value;
  }
  return std::nullopt;
}

std::optional<uint32_t> Attributes::U32(uint16_t type) const {
  const auto value = Find(type);
  uint32_t number = 0;
  if (!value || value->size() < sizeof number) return std::nullopt;
  memcpy(&number, value->data(), sizeof number);
  return number;
}

std::string Attributes::Text(uint16_t type) const {
  const auto value = Find(type);
  if (!value) return {};
  const char* text = reinterpret_cast<const char*>(value->data());
  return {text, strnlen(text, value->size())};
}

Attributes Attributes::Nested(uint16_t type) const {
  return Attributes(Find(type).value_or(std::span<const uint8_t>{}));
}

void ForEachMessage(std::span<const uint8_t> received,
                    const std::function<void(const nlmsghdr&, NetlinkMessage)>& each) {
  while (received.size() >= sizeof(nlmsghdr)) {
    nlmsghdr header;
    memcpy(&header, received.data(), sizeof header);
    if (header.nlmsg_len < NLMSG_HDRLEN || header.nlmsg_len > received.size()) return;
    each(header, {header.nlmsg_type, received.subspan(NLMSG_HDRLEN, header.nlmsg_len - NLMSG_HDRLEN)});
    const size_t next = NLMSG_ALIGN(header.nlmsg_len);
    if (next >= received.size()) return;
    received = received.subspan(next);
  }
}

NetlinkSocket::NetlinkSocket(const Call& call, int protocol, uint32_t groups)
    : fd_(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol)) {
  if (!fd_.valid()) throw call.Failed(errno);
  const timeval limit = {.tv_sec = kAnswerSeconds, .tv_usec = 0};
  if (setsockopt(fd(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0) throw call.Failed(errno);
  if (groups == 0) return;
  sockaddr_nl address = {};
  address.nl_family = AF_NETLINK;
  address.nl_groups = groups;
  if (bind(fd(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) throw call.Failed(errno);
}

std::vector<std::vector<uint8_t>> NetlinkSocket::DumpBytes(const Call& call, uint16_t type,
                                                           std::span<const uint8_t> body) {
  std::vector<std::vector<uint8_t>> answers;
  for (int attempt = 0; attempt < kAttempts; attempt++) {
    answers.clear();
    if (DumpOnce(call, type, body, answers)) break;
  }
  return answers;  // after the last attempt: each message is whole, only not all of one moment
}

bool NetlinkSocket::DumpOnce(const Call& call, uint16_t type, std::span<const uint8_t> body,
                             std::vector<std::vector<uint8_t>>& out) {
  nlmsghdr header = {};
  header.nlmsg_len = static_cast<uint32_t>(NLMSG_LENGTH(body.size()));
  header.nlmsg_type = type;
  header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  header.nlmsg_seq = ++sequence_;
  std::vector<uint8_t> request(NLMSG_SPACE(body.size()));
  memcpy(request.data(), &header, sizeof header);
  memcpy(request.data() + NLMSG_HDRLEN, body.data(), body.size());
  if (send(fd(), request.data(), header.nlmsg_len, 0) < 0) throw call.Failed(errno);

  bool of_one_moment = true;
  std::vector<uint8_t> buffer(kReceiveBuffer);
  for (bool done = false; !done;) {
    iovec part = {.iov_base = buffer.data(), .iov_len = buffer.size()};
    sockaddr_nl sender = {};
    msghdr message = {};
    message.msg_name = &sender;
    message.msg_namelen = sizeof sender;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    const ssize_t received = recvmsg(fd(), &message, 0);
    if (received < 0 && errno == EINTR) continue;
    if (received < 0) throw call.Failed(errno == EAGAIN ? ETIMEDOUT : errno);
    if ((message.msg_flags & MSG_TRUNC) != 0) throw call.Failed(EMSGSIZE);
    if (sender.nl_pid != 0) continue;  // not from the kernel
    int failure = 0;
    const std::span<const uint8_t> bytes(buffer.data(), static_cast<size_t>(received));
    ForEachMessage(bytes, [&](const nlmsghdr& answer, NetlinkMessage content) {
      if (answer.nlmsg_seq != sequence_) return;
      if ((answer.nlmsg_flags & NLM_F_DUMP_INTR) != 0) of_one_moment = false;
      if (answer.nlmsg_type != NLMSG_DONE && answer.nlmsg_type != NLMSG_ERROR) return;
      done = true;
      // Both begin with a number: 0, or an errno below it.
      const auto number = content.As<int>();
      if (answer.nlmsg_type == NLMSG_ERROR || number.value_or(0) < 0) failure = -number.value_or(-EIO);
    });
    if (failure != 0) throw call.Failed(failure);
    out.emplace_back(bytes.begin(), bytes.end());
  }
  return of_one_moment;
}

}  // namespace lbt
