#include "handle.h"

#include <fcntl.h>

#include <cerrno>

namespace lbt {

UniqueFd Duplicate(const Call& call, int fd) {
  UniqueFd copy(fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!copy.valid()) throw call.Failed(errno);
  return copy;
}

void ReleaseAll(AddonState& state) noexcept {
  // Release does not change the set: membership ends with the object, not with its fd.
  for (Resource* resource : *state.resources) resource->Release();
}

void ReportLeak(Napi::Env env, const Resource& resource) noexcept {
  try {
    const Napi::HandleScope scope(env);
    AddonState::Of(env).on_leak.Call({Napi::String::New(env, resource.Describe())});
  } catch (...) {  // the warning is a courtesy; closing the handle is what must happen
  }
}

Seed TakeSeed(Napi::Env env, const char* class_name) {
  Seed* seed = std::exchange(AddonState::Of(env).seed, nullptr);
  if (seed == nullptr) throw Call{env, "new", class_name}.Invalid("only the library makes these");
  return std::move(*seed);
}

}  // namespace lbt
