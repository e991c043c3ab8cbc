// Functions that make handles, other than loadObject.
#ifndef LIBBPF_TS_OPEN_H
#define LIBBPF_TS_OPEN_H

#include <napi.h>

namespace lbt {

Napi::Value CreateMap(const Napi::CallbackInfo& info);
Napi::Value OpenPinnedMap(const Napi::CallbackInfo& info);
Napi::Value OpenMapById(const Napi::CallbackInfo& info);
Napi::Value OpenPinnedProgram(const Napi::CallbackInfo& info);
Napi::Value OpenProgramById(const Napi::CallbackInfo& info);
Napi::Value OpenPinnedLink(const Napi::CallbackInfo& info);

}  // namespace lbt

#endif
