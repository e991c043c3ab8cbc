#include "link.h"

#include <bpf/libbpf.h>
#include <unistd.h>

#include <cerrno>

#include "program.h"

namespace lbt {
namespace {

// linux/bpf.h of 6.1 ends at struct_ops.
constexpr uint32_t kLinkTcx = 11;

std::string LinkTypeName(uint32_t type) {
  const char* name = libbpf_bpf_link_type_str(static_cast<bpf_link_type>(type));
  if (name != nullptr) return name;
  static constexpr const char* kNewer[] = {"netfilter", "tcx", "uprobe_multi", "netkit"};
  return type >= 10 && type - 10 < std::size(kNewer) ? kNewer[type - 10] : "type-" + std::to_string(type);
}

}  // namespace

BpfLink::BpfLink(const Napi::CallbackInfo& info) : FdHandle(info) {
  const bpf_link_info facts = Facts({info.Env(), "link_info", seed_.name});
  id_ = facts.id;
  type_ = facts.type;
}

Napi::Function BpfLink::Define(Napi::Env env) {
  return DefineClass(env, kClass,
                     {
                         InstanceAccessor("id", &BpfLink::Id, nullptr),
                         InstanceAccessor("closed", &BpfLink::Closed, nullptr),
                         InstanceAccessor<&BpfLink::Type>("type"),
                         InstanceAccessor<&BpfLink::ProgramId>("programId"),
                         InstanceAccessor<&BpfLink::Ifindex>("ifindex"),
                         InstanceMethod<&BpfLink::Query>("query"),
                         InstanceMethod<&BpfLink::Update>("update"),
                         InstanceMethod<&BpfLink::Pin>("pin"),
                         InstanceMethod<&BpfLink::Unpin>("unpin"),
                         InstanceMethod<&BpfLink::Detach>("detach"),
                         InstanceMethod(Napi::Symbol::WellKnown(env, "dispose"), &BpfLink::Dispose),
                     });
}

bpf_link_info BpfLink::Facts(const Call& call) const {
  bpf_link_info facts = {};
  __u32 length = sizeof facts;
  if (bpf_obj_get_info_by_fd(fd(), &facts, &length) != 0) throw call.Failed(errno);
  // The kernel puts a tcx link's ifindex where an xdp link's is; other types have other things there.
  if (facts.type != BPF_LINK_TYPE_XDP && facts.type != kLinkTcx) facts.xdp.ifindex = 0;
  return facts;
}

Napi::Value BpfLink::Type(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), LinkTypeName(type_));
}

Napi::Value BpfLink::ProgramId(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), Facts(Begin(info, "link_info")).prog_id);
}

Napi::Value BpfLink::Ifindex(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), Facts(Begin(info, "link_info")).xdp.ifindex);
}

Napi::Value BpfLink::Query(const Napi::CallbackInfo& info) {
  const bpf_link_info facts = Facts(Begin(info, "link_info"));
  Napi::Object state = Napi::Object::New(info.Env());
  state.Set("programId", facts.prog_id);
  state.Set("ifindex", facts.xdp.ifindex);
  return state;
}

void BpfLink::Update(const Napi::CallbackInfo& info) {
  Begin(info, "link_update");
  const Call early{info.Env(), "link_update", name()};
  const Napi::Value expected = OptionalObject(early, info[1], "opts").Get("expected");

  const Call call = Begin(info, "link_update");  // again: the getter may have closed this
  const int to = RequireHandle<BpfProgram>(call, info[0], "program")->fd();
  LIBBPF_OPTS(bpf_link_update_opts, opts);
  if (!expected.IsUndefined()) {
    opts.flags = BPF_F_REPLACE;
    opts.old_prog_fd = static_cast<__u32>(RequireHandle<BpfProgram>(call, expected, "expected")->fd());
  }
  if (bpf_link_update(fd(), to, &opts) != 0) throw call.Failed(errno);
}

void BpfLink::Pin(const Napi::CallbackInfo& info) {
  const Call call = Begin(info, "link_pin");
  const std::string path = RequireString(call, info[0], "path");
  if (bpf_obj_pin(fd(), path.c_str()) != 0) throw call.Failed(errno, {.detail = path});
  pins_.push_back(path);
}

void BpfLink::Unpin(const Napi::CallbackInfo& info) {
  const Call call = Begin(info, "link_unpin");
  while (!pins_.empty()) {
    if (unlink(pins_.back().c_str()) != 0 && errno != ENOENT) throw call.Failed(errno, {.detail = pins_.back()});
    pins_.pop_back();
  }
}

void BpfLink::Detach(const Napi::CallbackInfo& info) {
  const Call call = Begin(info, "link_detach");
  if (bpf_link_detach(fd()) != 0) throw call.Failed(errno);
}

}  // namespace lbt
