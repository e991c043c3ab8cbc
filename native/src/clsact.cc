#include "clsact.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include <cerrno>
#include <optional>
#include <string>

#include "args.h"
#include "netlink.h"
#include "system.h"

namespace lbt {
namespace {

constexpr uint32_t kMaxPriority = 0xffff;

ClsactPlace RequirePlace(const Call& call, const Napi::CallbackInfo& info) {
  const uint32_t ifindex = RequireInterface(call, info[0]);
  const bool egress = RequireChoice(call, info[1], "hook", {"ingress", "egress"}) == 1;
  if (!info[2].IsObject()) throw call.Invalid("place must be an object");
  const Napi::Object place = info[2].As<Napi::Object>();
  return {
      .ifindex = ifindex,
      .point = egress ? BPF_TC_EGRESS : BPF_TC_INGRESS,
      .priority = RequireU32(call, place.Get("priority"), "priority", 1, kMaxPriority),
      .handle = RequireU32(call, place.Get("handle"), "handle", 1),
  };
}

// The qdisc in clsact's place, which the older `ingress` may hold: that one takes filters for egress and runs them on
// ingress. Empty where there is none. A dump of them all: asked for this one the kernel answers nothing.
std::string QdiscInPlace(const Call& call, uint32_t ifindex) {
  std::string kind;
  DumpEach(call, NETLINK_ROUTE, RTM_GETQDISC, RTM_NEWQDISC, tcmsg{}, [&](const NetlinkMessage& message) {
    const auto qdisc = message.As<tcmsg>();
    if (!qdisc || qdisc->tcm_ifindex != static_cast<int>(ifindex) || qdisc->tcm_parent != TC_H_CLSACT) return;
    kind = message.After<tcmsg>().Text(TCA_KIND);
  });
  return kind;
}

Napi::Error InTheWay(const Call& call, const std::string& kind) {
  return call.Failed(EBUSY, {.detail = "a qdisc of kind \"" + kind + "\" is in clsact's place"});
}

bpf_tc_hook HookOf(const ClsactPlace& place) {
  LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = static_cast<int>(place.ifindex), .attach_point = place.point);
  return hook;
}

// The program of the filter at a place. nullopt: no filter with a program is there; one of classic BPF has none.
std::optional<uint32_t> Query(const Call& call, const ClsactPlace& place) {
  if (QdiscInPlace(call, place.ifindex) != "clsact") return std::nullopt;
  const bpf_tc_hook hook = HookOf(place);
  LIBBPF_OPTS(bpf_tc_opts, found, .handle = place.handle, .priority = place.priority);
  const int err = -bpf_tc_query(&hook, &found);
  if (err == 0 && found.prog_id != 0) return found.prog_id;
  // EINVAL: no filter at all at this hook, or one of another kind at this priority.
  if (err == 0 || err == ENOENT || err == EINVAL) return std::nullopt;
  throw call.Failed(err);
}

// The qdisc can only be made and taken away again: the kernel has no question for it.
void TryMakeQdisc(const Call& call, const ClsactPlace& place) {
  bpf_tc_hook hook = HookOf(place);
  const LibbpfLog messages;
  const int err = -bpf_tc_hook_create(&hook);
  if (err == EEXIST) return;  // somebody made one meanwhile
  if (err != 0) throw call.Failed(err, {.detail = messages.text()});
  hook.attach_point = static_cast<bpf_tc_attach_point>(BPF_TC_INGRESS | BPF_TC_EGRESS);
  bpf_tc_hook_destroy(&hook);
}

// A priority has filters of one kind and one protocol.
void RequireRoom(const Call& call, const ClsactPlace& place) {
  tcmsg request{};
  request.tcm_ifindex = static_cast<int>(place.ifindex);
  request.tcm_parent = TC_H_MAKE(TC_H_CLSACT, place.point == BPF_TC_EGRESS ? TC_H_MIN_EGRESS : TC_H_MIN_INGRESS);
  int err = 0;
  DumpEach(call, NETLINK_ROUTE, RTM_GETTFILTER, RTM_NEWTFILTER, request, [&](const NetlinkMessage& message) {
    const auto filter = message.As<tcmsg>();
    if (!filter || filter->tcm_info >> 16 != place.priority) return;
    const bool is_bpf = message.After<tcmsg>().Text(TCA_KIND) == "bpf";
    if (!is_bpf || (filter->tcm_info & 0xffff) != htons(ETH_P_ALL)) err = EINVAL;
    else if (filter->tcm_handle == place.handle) err = EEXIST;
  });
  if (err != 0) throw call.Failed(err, {.detail = "a filter has the place"});
}

}  // namespace

ClsactFilter RequireClsactFilter(const Call& call, const Napi::CallbackInfo& info) {
  const ClsactPlace place = RequirePlace(call, info);
  const Napi::Value replace = OptionalObject(call, info[3], "opts").Get("replace");
  return {place, !replace.IsUndefined() && RequireBool(call, replace, "replace")};
}

void AttachClsact(const Call& call, const ClsactFilter& wanted, int program) {
  const auto& [place, replaces] = wanted;
  bpf_tc_hook hook = HookOf(place);
  const LibbpfLog messages;
  if (const int err = -bpf_tc_hook_create(&hook); err != 0 && err != EEXIST) {
    throw call.Failed(err, {.detail = messages.text()});
  }
  if (const std::string kind = QdiscInPlace(call, place.ifindex); kind != "clsact") {
    throw InTheWay(call, kind);
  }
  LIBBPF_OPTS(bpf_tc_opts, filter, .prog_fd = program, .handle = place.handle, .priority = place.priority);
  if (replaces) filter.flags = BPF_TC_F_REPLACE;
  if (const int err = -bpf_tc_attach(&hook, &filter); err != 0) throw call.Failed(err, {.detail = messages.text()});
}

void TryClsact(const Napi::CallbackInfo& info) {
  const Call call{info.Env(), "tc_attach", ""};
  const ClsactPlace place = RequirePlace(call, info);
  const std::string kind = QdiscInPlace(call, place.ifindex);
  if (kind.empty()) return TryMakeQdisc(call, place);
  if (kind != "clsact") throw InTheWay(call, kind);
  RequireRoom(call, place);
}

Napi::Value ClsactProgram(const Napi::CallbackInfo& info) {
  const Call call{info.Env(), "clsact_query", ""};
  const std::optional<uint32_t> id = Query(call, RequirePlace(call, info));
  return id ? Napi::Number::New(info.Env(), *id) : info.Env().Undefined();
}

Napi::Value DetachClsact(const Napi::CallbackInfo& info) {
  const Call call{info.Env(), "clsact_detach", ""};
  const ClsactPlace place = RequirePlace(call, info);
  const bool found = Query(call, place).has_value();
  if (found) {
    const bpf_tc_hook hook = HookOf(place);
    LIBBPF_OPTS(bpf_tc_opts, filter, .handle = place.handle, .priority = place.priority);
    if (const int err = -bpf_tc_detach(&hook, &filter); err != 0 && err != ENOENT) throw call.Failed(err);
  }
  return Napi::Boolean::New(info.Env(), found);
}

}  // namespace lbt
