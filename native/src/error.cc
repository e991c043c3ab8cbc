#include "error.h"

#include <bpf/libbpf.h>

#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <mutex>

#include "state.h"
#include "trial.h"

namespace lbt {
namespace {

// Enough for what libbpf says about one failed load; more would only bury the first line.
constexpr size_t kLogLimit = 4096;

thread_local std::string captured;

int CapturePrint(enum libbpf_print_level level, const char* format, va_list args) noexcept {
  if (level == LIBBPF_DEBUG) return 0;
  char line[1024];
  const int length = vsnprintf(line, sizeof line, format, args);
  if (length <= 0) return 0;
  try {
    const size_t room = kLogLimit - std::min(kLogLimit, captured.size());
    captured.append(line, std::min({static_cast<size_t>(length), sizeof line - 1, room}));
  } catch (...) {  // out of memory: the message is lost, the failure is still reported
  }
  return length;
}

std::string ErrnoName(int err) {
  // The kernel's own ENOTSUPP (524) escapes through some BPF commands; no C library knows it.
  if (err == 524) return "ENOTSUPP";
  if (err >= __LIBBPF_ERRNO__START && err < __LIBBPF_ERRNO__END) return "ELIBBPF";
  const char* name = strerrorname_np(err);
  return name != nullptr ? name : "E" + std::to_string(err);
}

std::string ErrnoText(int err) {
  char buffer[128];
  if (err >= __LIBBPF_ERRNO__START && err < __LIBBPF_ERRNO__END) {
    libbpf_strerror(err, buffer, sizeof buffer);
    return buffer;
  }
  return err == 524 ? "Operation is not supported" : strerror_r(err, buffer, sizeof buffer);
}

Napi::Error Make(const Call& call, const std::string& message, std::string_view code, int err,
                 const Failure& failure) {
  if (InTrial()) throw TrialRefusal{};
  const Napi::Env env = call.env;
  Napi::Object fields = Napi::Object::New(env);
  fields.Set("code", std::string(code));
  fields.Set("errno", err);
  fields.Set("op", std::string(call.op));
  fields.Set("target", call.target);
  if (failure.done.has_value()) fields.Set("done", *failure.done);
  if (failure.verifier_log.has_value()) fields.Set("verifierLog", *failure.verifier_log);
  const Napi::FunctionReference& constructor = AddonState::Of(env).error;
  if (constructor.IsEmpty()) return Napi::Error::New(env, message);
  return Napi::Error(env, constructor.New({Napi::String::New(env, message), fields}));
}

std::string Subject(const Call& call) {
  std::string subject(call.op);
  if (!call.target.empty()) subject.append(" ").append(call.target);
  return subject;
}

}  // namespace

Napi::Error Call::Failed(int err, const Failure& failure) const {
  const std::string code = ErrnoName(err);
  std::string message = Subject(*this) + ": " + ErrnoText(err) + " (" + code + ")";
  if (!failure.detail.empty()) message.append(": ").append(failure.detail);
  return Make(*this, message, code, err, failure);
}

Napi::Error Call::Refused(std::string_view code, std::string_view detail) const {
  std::string message = Subject(*this) + ": ";
  message.append(detail).append(" (").append(code).append(")");
  return Make(*this, message, code, 0, {});
}

void CaptureLibbpfLog() {
  static std::once_flag once;
  std::call_once(once, [] { libbpf_set_print(CapturePrint); });
}

LibbpfLog::LibbpfLog() { captured.clear(); }

std::string_view LibbpfLog::text() const {
  const std::string_view all = captured;
  const size_t end = all.find_last_not_of('\n');
  return end == std::string_view::npos ? std::string_view{} : all.substr(0, end + 1);
}

}  // namespace lbt
