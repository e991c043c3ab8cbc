// Handles: JavaScript objects that own something of the kernel's. One owner, closed once, by dispose, by the garbage
// collector (with a warning) or by the end of the environment, whichever comes first.
#ifndef LIBBPF_TS_HANDLE_H
#define LIBBPF_TS_HANDLE_H

#include <napi.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_set>
#include <utility>

#include "error.h"
#include "state.h"

namespace lbt {

class UniqueFd {
 public:
  explicit UniqueFd(int fd = -1) noexcept : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~UniqueFd() { Reset(); }
  int get() const noexcept { return fd_; }
  bool valid() const noexcept { return fd_ >= 0; }
  void Reset() noexcept {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

// A second, close-on-exec descriptor for what fd refers to. Throws the call's error.
UniqueFd Duplicate(const Call& call, int fd);

// What a handle is made of.
struct Seed {
  UniqueFd fd;
  std::string name;  // for errors
};

class Resource {
 public:
  explicit Resource(Napi::Env env) : registry_(AddonState::Of(env).resources) { registry_->insert(this); }
  Resource(const Resource&) = delete;
  Resource& operator=(const Resource&) = delete;
  virtual ~Resource() { registry_->erase(this); }

  // Gives back what it owns. Idempotent.
  virtual void Release() noexcept = 0;
  virtual bool IsOpen() const noexcept = 0;
  virtual std::string Describe() const = 0;

 private:
  std::shared_ptr<std::unordered_set<Resource*>> registry_;
};

// Closes everything that is open; the environment is about to end.
void ReleaseAll(AddonState& state) noexcept;

// Tells JavaScript that a handle was collected without being disposed.
void ReportLeak(Napi::Env env, const Resource& resource) noexcept;

// The seed that the constructor running now was given. Throws when JavaScript called the constructor.
Seed TakeSeed(Napi::Env env, const char* class_name);

// T declares kTag (its type tag), kClass (its JavaScript name) and a Finalize that calls Collected: node-addon-api
// sees that function only where the class itself declares it.
template <typename T>
class Handle : public Napi::ObjectWrap<T>, public Resource {
 public:
  explicit Handle(const Napi::CallbackInfo& info) : Napi::ObjectWrap<T>(info), Resource(info.Env()) {
    info.This().As<Napi::Object>().TypeTag(&T::kTag);
  }

  // Hides ObjectWrap's: every method and getter of T finds its receiver here, so none runs on another class's object.
  static T* Unwrap(Napi::Value value) {
    T* handle = TryUnwrap(value);
    if (handle == nullptr) {
      throw Call{value.Env(), "this", T::kClass}.Invalid(std::string("not a ") + T::kClass);
    }
    return handle;
  }

  // Null when the value is anything but a T.
  static T* TryUnwrap(Napi::Value value) {
    if (!value.IsObject()) return nullptr;
    const Napi::Object object = value.As<Napi::Object>();
    return object.CheckTypeTag(&T::kTag) ? Napi::ObjectWrap<T>::Unwrap(object) : nullptr;
  }

  static Napi::Object Wrap(Napi::Env env, const Napi::FunctionReference& constructor, Seed seed) {
    AddonState& state = AddonState::Of(env);
    state.seed = &seed;
    try {
      const Napi::Object object = constructor.New({});
      state.seed = nullptr;
      return object;
    } catch (...) {
      state.seed = nullptr;
      throw;
    }
  }

  void Collected(Napi::Env env) noexcept {
    if (!IsOpen()) return;
    ReportLeak(env, *this);
    Release();
  }

  void Dispose(const Napi::CallbackInfo&) { Release(); }
  Napi::Value Closed(const Napi::CallbackInfo& info) { return Napi::Boolean::New(info.Env(), !IsOpen()); }
};

// A handle that owns one fd.
template <typename T>
class FdHandle : public Handle<T> {
 public:
  explicit FdHandle(const Napi::CallbackInfo& info) : Handle<T>(info), seed_(TakeSeed(info.Env(), T::kClass)) {}

  void Release() noexcept override { seed_.fd.Reset(); }
  bool IsOpen() const noexcept override { return seed_.fd.valid(); }
  std::string Describe() const override {
    return std::string(T::kClass) + " \"" + seed_.name + "\" (id " + std::to_string(id_) + ")";
  }

  // The call with this handle as its target; a closed handle throws ECLOSED.
  Call Begin(const Napi::CallbackInfo& info, const char* op) const {
    Call call{info.Env(), op, seed_.name};
    if (!IsOpen()) throw call.Refused("ECLOSED", std::string("the ") + T::kClass + " is closed");
    return call;
  }
  int fd() const noexcept { return seed_.fd.get(); }
  const std::string& name() const noexcept { return seed_.name; }
  Napi::Value Id(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), id_); }

 protected:
  Seed seed_;
  uint32_t id_ = 0;
};

}  // namespace lbt

#endif
