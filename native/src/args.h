// Arguments from JavaScript, checked. Each function throws the call's BpfError, EINVAL or ESIZE, naming the argument.
//
// Reading a property can run JavaScript (a getter), which can close handles and detach buffers. So a method reads its
// options first and only then takes fds and pointers.
#ifndef LIBBPF_TS_ARGS_H
#define LIBBPF_TS_ARGS_H

#include <napi.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "error.h"
#include "handle.h"

namespace lbt {

// Borrowed from a Uint8Array: good until JavaScript runs again.
using Bytes = std::span<const uint8_t>;

constexpr uint32_t kU32Max = std::numeric_limits<uint32_t>::max();

Bytes RequireBytes(const Call& call, Napi::Value value, const char* name);
Bytes RequireBytes(const Call& call, Napi::Value value, const char* name, size_t size);
std::span<const uint32_t> RequireWords(const Call& call, Napi::Value value, const char* name);
std::string RequireString(const Call& call, Napi::Value value, const char* name);
uint32_t RequireU32(const Call& call, Napi::Value value, const char* name, uint32_t min = 0, uint32_t max = kU32Max);
bool RequireBool(const Call& call, Napi::Value value, const char* name);
// The index of the value in choices.
size_t RequireChoice(const Call& call, Napi::Value value, const char* name, std::initializer_list<const char*> choices);

// An absent options argument is an empty object.
Napi::Object OptionalObject(const Call& call, Napi::Value value, const char* name);
// Own enumerable properties whose value is not undefined, in order.
std::vector<std::pair<std::string, Napi::Value>> Properties(const Napi::Object& object);

inline std::optional<uint32_t> OptionalU32(const Call& call, Napi::Value value, const char* name, uint32_t min = 0,
                                           uint32_t max = kU32Max) {
  if (value.IsUndefined()) return std::nullopt;
  return RequireU32(call, value, name, min, max);
}

// An open handle of class T.
template <typename T>
T* RequireHandle(const Call& call, Napi::Value value, const char* name) {
  T* handle = T::TryUnwrap(value);
  if (handle == nullptr) throw call.Invalid(std::string(name) + " must be a " + T::kClass);
  if (!handle->IsOpen()) throw call.Refused("ECLOSED", std::string(name) + " is closed");
  return handle;
}

Napi::Uint8Array CopyBytes(Napi::Env env, const void* from, size_t length);

}  // namespace lbt

#endif
