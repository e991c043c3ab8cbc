// class BpfMap: one fd of a map, and what the kernel says of its shape.
#ifndef LIBBPF_TS_MAP_H
#define LIBBPF_TS_MAP_H

#include <bpf/bpf.h>

#include <cstdint>
#include <memory>
#include <string>

#include "args.h"
#include "handle.h"

namespace lbt {

constexpr uint32_t RoundUp8(uint32_t size) { return (size + 7) & ~7u; }

// As bpftool spells it; `type-N` for what this libbpf does not know.
std::string MapTypeName(uint32_t type);

// BPF_OBJ_GET_INFO_BY_FD of a map. Throws the call's error.
bpf_map_info MapShape(const Call& call, int fd);

// An array's memory in this process, shared between the map and the ArrayBuffer over it: either may go first.
struct Mapping {
  void* start = nullptr;
  size_t length = 0;

  Mapping() = default;
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() { Unmap(); }
  void Unmap() noexcept;
};

// Bytes from the first value to the end of the last.
size_t MappedSize(const bpf_map_info& shape);
// Maps an mmapable array. Throws the call's error.
std::shared_ptr<Mapping> MapMemory(const Call& call, int fd, const bpf_map_info& shape, int protection);

class BpfMap : public FdHandle<BpfMap> {
 public:
  static constexpr napi_type_tag kTag = {0x6c6962627066746dULL, 0x6270665f6d617001ULL};
  static constexpr const char* kClass = "BpfMap";

  static Napi::Function Define(Napi::Env env);
  static Napi::Object Wrap(Napi::Env env, Seed seed) {
    return Handle::Wrap(env, AddonState::Of(env).map, std::move(seed));
  }

  explicit BpfMap(const Napi::CallbackInfo& info);
  void Finalize(Napi::Env env) override { Collected(env); }
  void Release() noexcept override;

  const bpf_map_info& shape() const noexcept { return shape_; }

 private:
  Napi::Value Spec(const Napi::CallbackInfo& info);
  Napi::Value ValueStride(const Napi::CallbackInfo& info);
  Napi::Value Lookup(const Napi::CallbackInfo& info);
  void Update(const Napi::CallbackInfo& info);
  Napi::Value Delete(const Napi::CallbackInfo& info);
  Napi::Value NextKey(const Napi::CallbackInfo& info);
  Napi::Value LookupBatch(const Napi::CallbackInfo& info);
  void UpdateBatch(const Napi::CallbackInfo& info);
  Napi::Value Mmap(const Napi::CallbackInfo& info);
  void Freeze(const Napi::CallbackInfo& info);
  void Pin(const Napi::CallbackInfo& info);

  // The value is another BPF object: userspace writes its fd.
  bool HoldsMaps() const;
  bool HoldsPrograms() const;
  Napi::Object ReadArray(const Call& call, uint32_t entries);
  Napi::Object ReadInChunks(const Call& call);

  bpf_map_info shape_ = {};
  size_t value_stride_ = 0;
  std::shared_ptr<Mapping> mapping_;
  Napi::Reference<Napi::ArrayBuffer> memory_;
};

}  // namespace lbt

#endif
