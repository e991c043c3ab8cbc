#include "args.h"

#include <cmath>
#include <cstring>

namespace lbt {
namespace {

struct ArrayView {
  napi_typedarray_type type;
  size_t length;
  const void* start;
};

std::optional<ArrayView> ViewOf(Napi::Value value) {
  if (!value.IsTypedArray()) return std::nullopt;
  ArrayView view{};
  void* start = nullptr;
  if (napi_get_typedarray_info(value.Env(), value, &view.type, &view.length, &start, nullptr, nullptr) != napi_ok) {
    return std::nullopt;
  }
  view.start = start;
  return view;
}

}  // namespace

Bytes RequireBytes(const Call& call, Napi::Value value, const char* name) {
  const auto view = ViewOf(value);
  if (!view || view->type != napi_uint8_array) throw call.Invalid(std::string(name) + " must be a Uint8Array");
  return {static_cast<const uint8_t*>(view->start), view->length};
}

Bytes RequireBytes(const Call& call, Napi::Value value, const char* name, size_t size) {
  const Bytes bytes = RequireBytes(call, value, name);
  if (bytes.size() != size) {
    throw call.Refused("ESIZE", std::string(name) + " must have " + std::to_string(size) + " bytes, not " +
                                    std::to_string(bytes.size()));
  }
  return bytes;
}

std::span<const uint32_t> RequireWords(const Call& call, Napi::Value value, const char* name) {
  const auto view = ViewOf(value);
  if (!view || view->type != napi_uint32_array) throw call.Invalid(std::string(name) + " must be a Uint32Array");
  return {static_cast<const uint32_t*>(view->start), view->length};
}

std::string RequireString(const Call& call, Napi::Value value, const char* name) {
  if (!value.IsString()) throw call.Invalid(std::string(name) + " must be a string");
  std::string text = value.As<Napi::String>().Utf8Value();
  if (text.find('\0') != std::string::npos) throw call.Invalid(std::string(name) + " contains a NUL");
  return text;
}

uint32_t RequireU32(const Call& call, Napi::Value value, const char* name, uint32_t min, uint32_t max) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : std::nan("");
  if (!(number >= min && number <= max) || number != std::floor(number)) {
    throw call.Invalid(std::string(name) + " must be a whole number from " + std::to_string(min) + " to " +
                       std::to_string(max));
  }
  return static_cast<uint32_t>(number);
}

bool RequireBool(const Call& call, Napi::Value value, const char* name) {
  if (!value.IsBoolean()) throw call.Invalid(std::string(name) + " must be a boolean");
  return value.As<Napi::Boolean>().Value();
}

size_t RequireChoice(const Call& call, Napi::Value value, const char* name,
                     std::initializer_list<const char*> choices) {
  const std::string text = value.IsString() ? value.As<Napi::String>().Utf8Value() : std::string();
  size_t index = 0;
  std::string wanted;
  for (const char* choice : choices) {
    if (text == choice) return index;
    wanted.append(index++ == 0 ? "" : " or ").append(choice);
  }
  throw call.Invalid(std::string(name) + " must be " + wanted);
}

Napi::Object OptionalObject(const Call& call, Napi::Value value, const char* name) {
  if (value.IsUndefined()) return Napi::Object::New(call.env);
  if (!value.IsObject()) throw call.Invalid(std::string(name) + " must be an object");
  return value.As<Napi::Object>();
}

std::vector<std::pair<std::string, Napi::Value>> Properties(const Napi::Object& object) {
  std::vector<std::pair<std::string, Napi::Value>> properties;
  const Napi::Array names = object.GetPropertyNames();
  for (uint32_t i = 0; i < names.Length(); i++) {
    const Napi::Value name = names[i];
    const Napi::Value value = object.Get(name);
    if (!value.IsUndefined()) properties.emplace_back(name.ToString().Utf8Value(), value);
  }
  return properties;
}

Napi::Uint8Array CopyBytes(Napi::Env env, const void* from, size_t length) {
  Napi::Uint8Array bytes = Napi::Uint8Array::New(env, length);
  if (length > 0) memcpy(bytes.Data(), from, length);
  return bytes;
}

}  // namespace lbt
