#include "program.h"

#include <bpf/libbpf.h>
#include <linux/if_link.h>

#include <cerrno>
#include <cstdio>

#include "clsact.h"
#include "link.h"
#include "map.h"
#include "system.h"

namespace lbt {
namespace {

// linux/bpf.h of 6.1 has no tcx yet.
constexpr auto kTcxIngress = static_cast<bpf_attach_type>(46);
constexpr auto kTcxEgress = static_cast<bpf_attach_type>(47);

bpf_prog_info FactsOf(const Call& call, int fd) {
  bpf_prog_info facts = {};
  __u32 length = sizeof facts;
  if (bpf_obj_get_info_by_fd(fd, &facts, &length) != 0) throw call.Failed(errno);
  return facts;
}

std::string ProgramTypeName(uint32_t type) {
  const char* name = libbpf_bpf_prog_type_str(static_cast<bpf_prog_type>(type));
  return name != nullptr ? name : "type-" + std::to_string(type);
}

Napi::Value Attach(const Call& call, int fd, uint32_t ifindex, bpf_attach_type where, uint32_t flags) {
  LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = flags);
  UniqueFd link(bpf_link_create(fd, static_cast<int>(ifindex), where, &opts));
  if (!link.valid()) throw call.Failed(errno, {.detail = "interface " + std::to_string(ifindex)});
  return BpfLink::Wrap(call.env, {std::move(link), call.target});
}

}  // namespace

BpfProgram::BpfProgram(const Napi::CallbackInfo& info) : FdHandle(info) {
  facts_ = FactsOf({info.Env(), "prog_info", seed_.name}, fd());
  id_ = facts_.id;
  if (seed_.name.empty()) seed_.name = facts_.name;
}

Napi::Function BpfProgram::Define(Napi::Env env) {
  return DefineClass(env, kClass,
                     {
                         InstanceAccessor<&BpfProgram::Name>("name"),
                         InstanceAccessor("id", &BpfProgram::Id, nullptr),
                         InstanceAccessor("closed", &BpfProgram::Closed, nullptr),
                         InstanceAccessor<&BpfProgram::Type>("type"),
                         InstanceAccessor<&BpfProgram::Tag>("tag"),
                         InstanceAccessor<&BpfProgram::InsnCount>("insnCount"),
                         InstanceAccessor<&BpfProgram::VerifiedInsns>("verifiedInsns"),
                         InstanceAccessor<&BpfProgram::MapIds>("mapIds"),
                         InstanceAccessor<&BpfProgram::LoadTime>("loadTime"),
                         InstanceMethod<&BpfProgram::TestRun>("testRun"),
                         InstanceMethod<&BpfProgram::TestRunMany>("testRunMany"),
                         InstanceMethod<&BpfProgram::AttachXdp>("attachXdp"),
                         InstanceMethod<&BpfProgram::AttachTcx>("attachTcx"),
                         InstanceMethod<&BpfProgram::AttachClsact>("attachClsact"),
                         InstanceMethod<&BpfProgram::BindMap>("bindMap"),
                         InstanceMethod<&BpfProgram::Pin>("pin"),
                         InstanceMethod(Napi::Symbol::WellKnown(env, "dispose"), &BpfProgram::Dispose),
                     });
}

Napi::Value BpfProgram::Name(const Napi::CallbackInfo& info) { return Napi::String::New(info.Env(), name()); }

Napi::Value BpfProgram::Type(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), ProgramTypeName(facts_.type));
}

Napi::Value BpfProgram::Tag(const Napi::CallbackInfo& info) {
  char text[2 * BPF_TAG_SIZE + 1];
  for (size_t i = 0; i < BPF_TAG_SIZE; i++) snprintf(text + 2 * i, 3, "%02x", facts_.tag[i]);
  return Napi::String::New(info.Env(), text);
}

Napi::Value BpfProgram::InsnCount(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), facts_.xlated_prog_len / sizeof(bpf_insn));
}

Napi::Value BpfProgram::VerifiedInsns(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), facts_.verified_insns);
}

// Asked each time: BindMap adds to them.
Napi::Value BpfProgram::MapIds(const Napi::CallbackInfo& info) {
  const Call call = Begin(info, "prog_info");
  std::vector<uint32_t> ids(FactsOf(call, fd()).nr_map_ids);
  bpf_prog_info facts = {};
  facts.nr_map_ids = static_cast<uint32_t>(ids.size());
  facts.map_ids = reinterpret_cast<uintptr_t>(ids.data());
  __u32 length = sizeof facts;
  if (bpf_obj_get_info_by_fd(fd(), &facts, &length) != 0) throw call.Failed(errno);
  const Napi::Array result = Napi::Array::New(info.Env());
  for (uint32_t i = 0; i < ids.size() && i < facts.nr_map_ids; i++) result.Set(i, ids[i]);
  return result;
}

Napi::Value BpfProgram::LoadTime(const Napi::CallbackInfo& info) {
  return Napi::BigInt::New(info.Env(), static_cast<uint64_t>(facts_.load_time));
}

Napi::Value BpfProgram::AttachXdp(const Napi::CallbackInfo& info) {
  const Call call = Begin(info, "attach_xdp");
  const uint32_t ifindex = RequireInterface(call, info[0]);
  const bool generic = RequireChoice(call, info[1], "mode", {"native", "generic"}) == 1;
  return Attach(call, fd(), ifindex, BPF_XDP, generic ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE);
}

Napi::Value BpfProgram::AttachTcx(const Napi::CallbackInfo& info) {
  const Call call = Begin(info, "attach_tcx");
  const uint32_t ifindex = RequireInterface(call, info[0]);
  const bool egress = RequireChoice(call, info[1], "hook", {"ingress", "egress"}) == 1;
  return Attach(call, fd(), ifindex, egress ? kTcxEgress : kTcxIngress, 0);
}

void BpfProgram::AttachClsact(const Napi::CallbackInfo& info) {
  const ClsactFilter wanted = RequireClsactFilter(Begin(info, "attach_clsact"), info);
  const Call call = Begin(info, "attach_clsact");  // again: a getter may have closed this
  lbt::AttachClsact(call, wanted, fd());
}

void BpfProgram::BindMap(const Napi::CallbackInfo& info) {
  const Call call = Begin(info, "prog_bind_map");
  const int map = RequireHandle<BpfMap>(call, info[0], "map")->fd();
  if (bpf_prog_bind_map(fd(), map, nullptr) != 0) throw call.Failed(errno);
}

void BpfProgram::Pin(const Napi::CallbackInfo& info) {
  const Call call = Begin(info, "prog_pin");
  const std::string path = RequireString(call, info[0], "path");
  if (bpf_obj_pin(fd(), path.c_str()) != 0) throw call.Failed(errno, {.detail = path});
}

}  // namespace lbt
