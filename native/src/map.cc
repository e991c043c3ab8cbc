#include "map.h"

#include <bpf/libbpf.h>

#include <cerrno>
#include <vector>

#include "program.h"

namespace lbt {
namespace {

size_t StrideOf(const bpf_map_info& shape) {
  switch (shape.type) {
    case BPF_MAP_TYPE_PERCPU_HASH:
    case BPF_MAP_TYPE_LRU_PERCPU_HASH:
    case BPF_MAP_TYPE_PERCPU_ARRAY:
    case BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE:
      return static_cast<size_t>(RoundUp8(shape.value_size)) * static_cast<size_t>(libbpf_num_possible_cpus());
    default:
      return shape.value_size;
  }
}

}  // namespace

std::string MapTypeName(uint32_t type) {
  const char* name = libbpf_bpf_map_type_str(static_cast<bpf_map_type>(type));
  if (name != nullptr) return name;
  return type == 33 ? "arena" : "type-" + std::to_string(type);
}

bpf_map_info MapShape(const Call& call, int fd) {
  bpf_map_info shape = {};
  __u32 length = sizeof shape;
  if (bpf_obj_get_info_by_fd(fd, &shape, &length) != 0) throw call.Failed(errno);
  return shape;
}

BpfMap::BpfMap(const Napi::CallbackInfo& info) : FdHandle(info) {
  shape_ = MapShape({info.Env(), "map_info", seed_.name}, fd());
  id_ = shape_.id;
  if (seed_.name.empty()) seed_.name = shape_.name;
  value_stride_ = StrideOf(shape_);
}

Napi::Function BpfMap::Define(Napi::Env env) {
  return DefineClass(env, kClass,
                     {
                         InstanceAccessor("id", &BpfMap::Id, nullptr),
                         InstanceAccessor("closed", &BpfMap::Closed, nullptr),
                         InstanceAccessor<&BpfMap::Spec>("spec"),
                         InstanceAccessor<&BpfMap::ValueStride>("valueStride"),
                         InstanceMethod<&BpfMap::Lookup>("lookup"),
                         InstanceMethod<&BpfMap::Update>("update"),
                         InstanceMethod<&BpfMap::Delete>("delete"),
                         InstanceMethod<&BpfMap::NextKey>("nextKey"),
                         InstanceMethod<&BpfMap::LookupBatch>("lookupBatch"),
                         InstanceMethod<&BpfMap::UpdateBatch>("updateBatch"),
                         InstanceMethod<&BpfMap::Mmap>("mmap"),
                         InstanceMethod<&BpfMap::Freeze>("freeze"),
                         InstanceMethod<&BpfMap::Pin>("pin"),
                         InstanceMethod(Napi::Symbol::WellKnown(env, "dispose"), &BpfMap::Dispose),
                     });
}

bool BpfMap::HoldsMaps() const {
  return shape_.type == BPF_MAP_TYPE_ARRAY_OF_MAPS || shape_.type == BPF_MAP_TYPE_HASH_OF_MAPS;
}

bool BpfMap::HoldsPrograms() const { return shape_.type == BPF_MAP_TYPE_PROG_ARRAY; }

Napi::Value BpfMap::Spec(const Napi::CallbackInfo& info) {
  Napi::Object spec = Napi::Object::New(info.Env());
  spec.Set("name", std::string(shape_.name));
  spec.Set("type", MapTypeName(shape_.type));
  spec.Set("keySize", shape_.key_size);
  spec.Set("valueSize", shape_.value_size);
  spec.Set("maxEntries", shape_.max_entries);
  spec.Set("flags", shape_.map_flags);
  return spec;
}

Napi::Value BpfMap::ValueStride(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(value_stride_));
}

Napi::Value BpfMap::Lookup(const Napi::CallbackInfo& info) {
  const Call call = Begin(info, "map_lookup_elem");
  const Bytes key = RequireBytes(call, info[0], "key", shape_.key_size);
  std::vector<uint8_t> value(value_stride_);
  if (bpf_map_lookup_elem(fd(), key.data(), value.data()) != 0) {
    if (errno == ENOENT) return info.Env().Undefined();
    throw call.Failed(errno);
  }
  return CopyBytes(info.Env(), value.data(), value.size());
}

// One BPF_MAP_UPDATE_ELEM. The sizes are checked here and not only in TypeScript: the kernel reads key_size and
// value_stride bytes whatever it is handed.
void BpfMap::Update(const Napi::CallbackInfo& info) {
  const Call call = Begin(info, "map_update_elem");
  // any, noexist and exist are BPF_ANY, BPF_NOEXIST and BPF_EXIST.
  const size_t mode = info[2].IsUndefined() ? 0 : RequireChoice(call, info[2], "mode", {"any", "noexist", "exist"});
  const Bytes key = RequireBytes(call, info[0], "key", shape_.key_size);
  int held = -1;
  const void* value = &held;
  if (HoldsMaps()) {
    held = RequireHandle<BpfMap>(call, info[1], "value")->fd();
  } else if (HoldsPrograms()) {
    held = RequireHandle<BpfProgram>(call, info[1], "value")->fd();
  } else {
    value = RequireBytes(call, info[1], "value", value_stride_).data();
  }
  if (bpf_map_update_elem(fd(), key.data(), value, mode) != 0) throw call.Failed(errno);
}

Napi::Value BpfMap::Delete(const Napi::CallbackInfo& info) {
  const Call call = Begin(info, "map_delete_elem");
  const Bytes key = RequireBytes(call, info[0], "key", shape_.key_size);
  const bool deleted = bpf_map_delete_elem(fd(), key.data()) == 0;
  if (!deleted && errno != ENOENT) throw call.Failed(errno);
  return Napi::Boolean::New(info.Env(), deleted);
}

Napi::Value BpfMap::NextKey(const Napi::CallbackInfo& info) {
  const Call call = Begin(info, "map_get_next_key");
  const void* key = info[0].IsUndefined() ? nullptr : RequireBytes(call, info[0], "key", shape_.key_size).data();
  std::vector<uint8_t> next(shape_.key_size);
  if (bpf_map_get_next_key(fd(), key, next.data()) != 0) {
    if (errno == ENOENT) return info.Env().Undefined();
    throw call.Failed(errno);
  }
  return CopyBytes(info.Env(), next.data(), next.size());
}

void BpfMap::Freeze(const Napi::CallbackInfo& info) {
  const Call call = Begin(info, "map_freeze");
  if (bpf_map_freeze(fd()) != 0) throw call.Failed(errno);
}

void BpfMap::Pin(const Napi::CallbackInfo& info) {
  const Call call = Begin(info, "map_pin");
  const std::string path = RequireString(call, info[0], "path");
  if (bpf_obj_pin(fd(), path.c_str()) != 0) throw call.Failed(errno, {.detail = path});
}

}  // namespace lbt
