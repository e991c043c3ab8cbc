// class BpfLink: one fd of an attachment.
#ifndef LIBBPF_TS_LINK_H
#define LIBBPF_TS_LINK_H

#include <bpf/bpf.h>

#include <string>
#include <vector>

#include "args.h"
#include "handle.h"

namespace lbt {

class BpfLink : public FdHandle<BpfLink> {
 public:
  static constexpr napi_type_tag kTag = {0x6c6962627066746dULL, 0x6270665f6c6e6b03ULL};
  static constexpr const char* kClass = "BpfLink";

  static Napi::Function Define(Napi::Env env);
  static Napi::Object Wrap(Napi::Env env, Seed seed) {
    return Handle::Wrap(env, AddonState::Of(env).link, std::move(seed));
  }

  explicit BpfLink(const Napi::CallbackInfo& info);
  void Finalize(Napi::Env env) override { Collected(env); }

  // It was opened from this pin; Unpin removes it.
  void RememberPin(std::string path) { pins_.push_back(std::move(path)); }

 private:
  Napi::Value Type(const Napi::CallbackInfo& info);
  Napi::Value ProgramId(const Napi::CallbackInfo& info);
  Napi::Value Ifindex(const Napi::CallbackInfo& info);
  Napi::Value Query(const Napi::CallbackInfo& info);
  void Update(const Napi::CallbackInfo& info);
  void Pin(const Napi::CallbackInfo& info);
  void Unpin(const Napi::CallbackInfo& info);
  void Detach(const Napi::CallbackInfo& info);

  bpf_link_info Facts(const Call& call) const;

  uint32_t type_ = 0;
  std::vector<std::string> pins_;
};

}  // namespace lbt

#endif
