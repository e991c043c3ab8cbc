#include "ring_buffer.h"

#include <bpf/libbpf.h>
#include <uv.h>

#include <cerrno>

#include "args.h"
#include "map.h"

namespace lbt {

// What the event loop and libbpf hold on to. It outlives its RingBuffer by one turn of the loop: libuv lets go of a
// handle only in its close callback, and the environment waits for that before it ends.
struct Watch {
  uv_poll_t poll = {};
  ring_buffer* ring = nullptr;
  UniqueFd map;  // epoll forgets a map whose last fd is closed, so it has its own
  napi_async_cleanup_hook_handle hook = nullptr;
  RingBuffer* owner = nullptr;
  bool closing = false;
  bool busy = false;  // inside ring_buffer__consume: freeing waits

  ~Watch() { FreeRing(); }
  void FreeRing() noexcept {
    ring_buffer__free(ring);
    ring = nullptr;
    map.Reset();
  }
};

namespace {

int HandleRecord(void* context, void* record, size_t size) {
  const Watch* watch = static_cast<Watch*>(context);
  const int status = watch->owner->OnRecord(record, size);
  // Disposed by the callback: the records after this one stay for another reader.
  return watch->owner == nullptr ? -ECANCELED : status;
}

void HandlePoll(uv_poll_t* poll, int, int) {
  RingBuffer* owner = static_cast<Watch*>(poll->data)->owner;
  if (owner != nullptr) owner->OnReadable();
}

void StartClose(Watch* watch) noexcept {
  if (watch->closing) return;
  watch->closing = true;
  uv_close(reinterpret_cast<uv_handle_t*>(&watch->poll), [](uv_handle_t* handle) {
    Watch* closed = static_cast<Watch*>(handle->data);
    if (closed->hook != nullptr) napi_remove_async_cleanup_hook(closed->hook);
    delete closed;
  });
}

}  // namespace

Napi::Function RingBuffer::Define(Napi::Env env) {
  return DefineClass(env, kClass,
                     {
                         InstanceAccessor("closed", &RingBuffer::Closed, nullptr),
                         InstanceMethod<&RingBuffer::Consume>("consume"),
                         InstanceMethod<&RingBuffer::KeepAlive>("ref"),
                         InstanceMethod<&RingBuffer::LetGo>("unref"),
                         InstanceMethod(Napi::Symbol::WellKnown(env, "dispose"), &RingBuffer::Dispose),
                     });
}

RingBuffer::RingBuffer(const Napi::CallbackInfo& info) : Handle(info) {
  Call call{info.Env(), "ring_buffer_new", ""};
  const BpfMap* map = RequireHandle<BpfMap>(call, info[0], "map");
  call.target = name_ = map->name();
  if (!info[1].IsFunction()) throw call.Invalid("onRecord must be a function");
  if (map->shape().type != BPF_MAP_TYPE_RINGBUF) throw call.Invalid("map must be a ringbuf");

  auto watch = std::make_unique<Watch>();
  watch->owner = this;
  watch->map = Duplicate(call, map->fd());
  const LibbpfLog log;
  watch->ring = ring_buffer__new(watch->map.get(), HandleRecord, watch.get(), nullptr);
  if (watch->ring == nullptr) throw call.Failed(errno, {.detail = log.text()});

  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(info.Env(), &loop) != napi_ok) throw call.Refused("EIO", "there is no event loop");
  watch->poll.data = watch.get();
  if (const int err = uv_poll_init(loop, &watch->poll, ring_buffer__epoll_fd(watch->ring)); err != 0) {
    throw call.Failed(-err);
  }
  // From here on only uv_close may end the watch.
  watch_ = watch.release();
  const auto end = [](napi_async_cleanup_hook_handle, void* context) { StartClose(static_cast<Watch*>(context)); };
  napi_add_async_cleanup_hook(info.Env(), end, watch_, &watch_->hook);
  uv_poll_start(&watch_->poll, UV_READABLE, HandlePoll);
  on_record_ = Napi::Persistent(info[1].As<Napi::Function>());
  context_.emplace(info.Env(), "libbpf-ts-bindings:RingBuffer");
  Ref();  // the loop delivers to it, so it must not be collected
}

void RingBuffer::Release() noexcept {
  if (watch_ == nullptr) return;
  Watch* watch = std::exchange(watch_, nullptr);
  watch->owner = nullptr;
  StartClose(watch);  // before the descriptors go: the loop must not poll what they may be reused for
  if (!watch->busy) watch->FreeRing();
  try {
    on_record_.Reset();
    Unref();
  } catch (...) {  // the environment is gone, and the references with it
  }
}

Call RingBuffer::Begin(const Napi::CallbackInfo& info, const char* op) const {
  Call call{info.Env(), op, name_};
  if (!IsOpen()) throw call.Refused("ECLOSED", "the RingBuffer is closed");
  return call;
}

int RingBuffer::OnRecord(const void* record, size_t size) noexcept {
  const Napi::Env env = Env();
  const Napi::HandleScope scope(env);
  try {
    on_record_.Call({CopyBytes(env, record, size)});
    return 0;
  } catch (const Napi::Error& error) {
    failure_ = error;
  } catch (const std::exception& error) {
    failure_ = Napi::Error::New(env, error.what());
  }
  return -ECANCELED;  // libbpf has counted this record as consumed; the rest stays for the next turn
}

int RingBuffer::Deliver() noexcept {
  // The callback may dispose this; the ring must survive until libbpf returns from it.
  Watch* watch = watch_;
  watch->busy = delivering_ = true;
  const int count = ring_buffer__consume(watch->ring);
  watch->busy = delivering_ = false;
  if (watch->owner == nullptr) watch->FreeRing();
  return count;
}

void RingBuffer::OnReadable() noexcept {
  const Napi::Env env = Env();
  const Napi::HandleScope scope(env);
  const Napi::CallbackScope callback(env, *context_);
  Deliver();
  if (failure_) napi_fatal_exception(env, std::exchange(failure_, std::nullopt)->Value());
}

Napi::Value RingBuffer::Consume(const Napi::CallbackInfo& info) {
  const Call call = Begin(info, "ring_buffer_consume");
  if (delivering_) throw call.Refused("EBUSY", "the callback is running");
  const int count = Deliver();
  if (failure_) throw *std::exchange(failure_, std::nullopt);
  if (count < 0 && count != -ECANCELED) throw call.Failed(-count);
  return Napi::Number::New(info.Env(), std::max(count, 0));
}

void RingBuffer::KeepAlive(const Napi::CallbackInfo& info) {
  Begin(info, "ring_buffer_ref");
  uv_ref(reinterpret_cast<uv_handle_t*>(&watch_->poll));
}

void RingBuffer::LetGo(const Napi::CallbackInfo& info) {
  Begin(info, "ring_buffer_unref");
  uv_unref(reinterpret_cast<uv_handle_t*>(&watch_->poll));
}

}  // namespace lbt
