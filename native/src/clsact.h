// Direct-action filters of the clsact qdisc: how a kernel without tcx runs a program at an interface's tc hooks.
#ifndef LIBBPF_TS_CLSACT_H
#define LIBBPF_TS_CLSACT_H

#include <bpf/libbpf.h>
#include <napi.h>

#include <cstdint>

#include "error.h"

namespace lbt {

struct ClsactPlace {
  uint32_t ifindex;
  bpf_tc_attach_point point;
  uint32_t priority;
  uint32_t handle;
};

struct ClsactFilter {
  ClsactPlace place;
  bool replaces;
};

// The arguments of BpfProgram.attachClsact.
ClsactFilter RequireClsactFilter(const Call& call, const Napi::CallbackInfo& info);
void AttachClsact(const Call& call, const ClsactFilter& wanted, int program);

Napi::Value ClsactProgram(const Napi::CallbackInfo& info);
void TryClsact(const Napi::CallbackInfo& info);
Napi::Value DetachClsact(const Napi::CallbackInfo& info);

}  // namespace lbt

#endif
