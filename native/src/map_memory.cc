// Arrays mapped into this process. The memory must outlive every use of the ArrayBuffer over it, so dispose detaches
// the buffer before it unmaps. Where JavaScript moved the memory to another buffer (ArrayBuffer.prototype.transfer),
// that one's end unmaps it.
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "map.h"

namespace lbt {

void Mapping::Unmap() noexcept {
  if (start != nullptr) munmap(start, length);
  start = nullptr;
}

size_t MappedSize(const bpf_map_info& shape) {
  if (shape.max_entries == 0) return 0;
  return static_cast<size_t>(RoundUp8(shape.value_size)) * (shape.max_entries - 1) + shape.value_size;
}

std::shared_ptr<Mapping> MapMemory(const Call& call, int fd, const bpf_map_info& shape, int protection) {
  if (shape.type != BPF_MAP_TYPE_ARRAY || (shape.map_flags & BPF_F_MMAPABLE) == 0) {
    throw call.Invalid("only an array created with the mmapable flag can be mapped");
  }
  auto mapping = std::make_shared<Mapping>();
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  mapping->length = (static_cast<size_t>(RoundUp8(shape.value_size)) * shape.max_entries + page - 1) / page * page;
  void* start = mmap(nullptr, mapping->length, protection, MAP_SHARED, fd, 0);
  if (start == MAP_FAILED) throw call.Failed(errno);
  mapping->start = start;
  return mapping;
}

Napi::Value BpfMap::Mmap(const Napi::CallbackInfo& info) {
  const Call call = Begin(info, "map_mmap");
  if (memory_.IsEmpty()) {
    // Writable or not at all: a store into a read-only mapping would kill the process.
    auto mapping = MapMemory(call, fd(), shape_, PROT_READ | PROT_WRITE);
    auto keep = std::make_unique<std::shared_ptr<Mapping>>(mapping);
    const auto release = [](Napi::BasicEnv, void*, std::shared_ptr<Mapping>* last) { delete last; };
    const auto buffer =
        Napi::ArrayBuffer::New(info.Env(), mapping->start, MappedSize(shape_), release, keep.get());
    keep.release();
    mapping_ = std::move(mapping);
    memory_ = Napi::Persistent(buffer);
  }
  Napi::ArrayBuffer buffer = memory_.Value();
  return Napi::Uint8Array::New(info.Env(), buffer.ByteLength(), buffer, 0);
}

void BpfMap::Release() noexcept {
  if (!memory_.IsEmpty()) {
    try {
      const Napi::HandleScope scope(memory_.Env());
      Napi::ArrayBuffer buffer = memory_.Value();
      if (!buffer.IsEmpty() && !buffer.IsDetached()) {
        buffer.Detach();
        mapping_->Unmap();
      }
    } catch (...) {  // not detached, so not unmapped: the buffer keeps the mapping
    }
    memory_.Reset();
    mapping_.reset();
  }
  FdHandle::Release();
}

}  // namespace lbt
