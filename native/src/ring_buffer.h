// class RingBuffer: a ringbuf map watched by the event loop.
#ifndef LIBBPF_TS_RING_BUFFER_H
#define LIBBPF_TS_RING_BUFFER_H

#include <napi.h>

#include <optional>
#include <string>

#include "handle.h"

namespace lbt {

struct Watch;

class RingBuffer : public Handle<RingBuffer> {
 public:
  static constexpr napi_type_tag kTag = {0x6c6962627066746dULL, 0x6270665f726e6704ULL};
  static constexpr const char* kClass = "RingBuffer";

  static Napi::Function Define(Napi::Env env);

  explicit RingBuffer(const Napi::CallbackInfo& info);
  void Finalize(Napi::Env env) override { Collected(env); }

  void Release() noexcept override;
  bool IsOpen() const noexcept override { return watch_ != nullptr; }
  std::string Describe() const override { return "RingBuffer \"" + name_ + "\""; }

  // The event loop says that records are waiting.
  void OnReadable() noexcept;
  // One record. Nonzero stops the consumption.
  int OnRecord(const void* record, size_t size) noexcept;

 private:
  Call Begin(const Napi::CallbackInfo& info, const char* op) const;
  Napi::Value Consume(const Napi::CallbackInfo& info);
  void KeepAlive(const Napi::CallbackInfo& info);
  void LetGo(const Napi::CallbackInfo& info);

  // Delivers what is waiting up to the first exception, which it keeps in failure_. Negative: errno of libbpf.
  int Deliver() noexcept;

  std::string name_;
  // Owns itself from its first breath to its last uv_close; null once this handle is closed.
  Watch* watch_ = nullptr;
  Napi::FunctionReference on_record_;
  std::optional<Napi::AsyncContext> context_;
  std::optional<Napi::Error> failure_;
  bool delivering_ = false;
};

}  // namespace lbt

#endif
