// class BpfProgram: one fd of a program. Those of a BpfObject and those opened by pin or id are the same class.
#ifndef LIBBPF_TS_PROGRAM_H
#define LIBBPF_TS_PROGRAM_H

#include <bpf/bpf.h>

#include <cstdint>
#include <string>
#include <vector>

#include "args.h"
#include "handle.h"

namespace lbt {

class BpfProgram : public FdHandle<BpfProgram> {
 public:
  static constexpr napi_type_tag kTag = {0x6c6962627066746dULL, 0x6270665f70726f02ULL};
  static constexpr const char* kClass = "BpfProgram";

  static Napi::Function Define(Napi::Env env);
  static Napi::Object Wrap(Napi::Env env, Seed seed) {
    return Handle::Wrap(env, AddonState::Of(env).program, std::move(seed));
  }

  explicit BpfProgram(const Napi::CallbackInfo& info);
  void Finalize(Napi::Env env) override { Collected(env); }

 private:
  Napi::Value Name(const Napi::CallbackInfo& info);
  Napi::Value Type(const Napi::CallbackInfo& info);
  Napi::Value Tag(const Napi::CallbackInfo& info);
  Napi::Value InsnCount(const Napi::CallbackInfo& info);
  Napi::Value VerifiedInsns(const Napi::CallbackInfo& info);
  Napi::Value MapIds(const Napi::CallbackInfo& info);
  Napi::Value LoadTime(const Napi::CallbackInfo& info);
  Napi::Value TestRun(const Napi::CallbackInfo& info);
  Napi::Value TestRunMany(const Napi::CallbackInfo& info);
  Napi::Value AttachXdp(const Napi::CallbackInfo& info);
  Napi::Value AttachTcx(const Napi::CallbackInfo& info);
  void AttachClsact(const Napi::CallbackInfo& info);
  void BindMap(const Napi::CallbackInfo& info);
  void Pin(const Napi::CallbackInfo& info);

  bpf_prog_info facts_ = {};
};

}  // namespace lbt

#endif
