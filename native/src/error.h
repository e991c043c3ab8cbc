// Errors as JavaScript sees them. Everything that fails throws the Napi::Error these make: an instance of the
// BpfError class that the TypeScript side handed over.
#ifndef LIBBPF_TS_ERROR_H
#define LIBBPF_TS_ERROR_H

#include <napi.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lbt {

// What a failed call adds to errno.
struct Failure {
  std::string_view detail = {};
  std::optional<uint32_t> done = std::nullopt;
  std::optional<std::string> verifier_log = std::nullopt;
};

// One call from JavaScript: what is tried on what. Every error it makes says so.
struct Call {
  Napi::Env env;
  std::string_view op;
  std::string target;

  // The kernel or libbpf said no; err is a positive errno.
  Napi::Error Failed(int err, const Failure& failure = {}) const;
  // Refused here, before the kernel was asked.
  Napi::Error Refused(std::string_view code, std::string_view detail) const;
  Napi::Error Invalid(std::string_view detail) const { return Refused("EINVAL", detail); }
};

// Sends libbpf's own messages to this thread's buffer instead of stderr. Process-wide, as libbpf's hook is.
void CaptureLibbpfLog();

// What libbpf says on this thread while one of these lives; nesting is not supported.
class LibbpfLog {
 public:
  LibbpfLog();
  std::string_view text() const;
};

}  // namespace lbt

#endif
