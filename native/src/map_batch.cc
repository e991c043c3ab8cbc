// Whole maps in few system calls.
#include <algorithm>
#include <cerrno>
#include <vector>

#include "map.h"

namespace lbt {
namespace {

Napi::Object Entries(Napi::Env env, uint32_t count, Napi::Uint8Array keys, Napi::Uint8Array values) {
  Napi::Object entries = Napi::Object::New(env);
  entries.Set("count", count);
  entries.Set("keys", keys);
  entries.Set("values", values);
  return entries;
}

}  // namespace

// An array has all its entries, always: one call, straight into the result.
Napi::Object BpfMap::ReadArray(const Call& call, uint32_t entries) {
  Napi::Uint8Array keys = Napi::Uint8Array::New(call.env, static_cast<size_t>(entries) * shape_.key_size);
  Napi::Uint8Array values = Napi::Uint8Array::New(call.env, static_cast<size_t>(entries) * value_stride_);
  uint32_t next = 0;
  uint32_t count = entries;
  const int status = bpf_map_lookup_batch(fd(), nullptr, &next, keys.Data(), values.Data(), &count, nullptr);
  if (status != 0 && errno != ENOENT) throw call.Failed(errno);
  if (count != entries) throw call.Refused("EIO", "the kernel returned " + std::to_string(count) + " entries");
  return Entries(call.env, count, keys, values);
}

// Other maps are read chunk by chunk. ENOENT marks the last chunk; ENOSPC asks for a larger one, because a hash
// table's bucket is never split. `cursor` is a bucket number (hash) or a key (trie); only the kernel reads it.
Napi::Object BpfMap::ReadInChunks(const Call& call) {
  uint32_t room = std::min<uint32_t>(shape_.max_entries, 4096);
  const size_t cursor_size = std::max<size_t>(shape_.key_size, sizeof(uint32_t));
  std::vector<uint8_t> cursor(cursor_size), next(cursor_size), keys, values;
  size_t total = 0;
  for (bool first = true, more = true; more;) {
    keys.resize((total + room) * shape_.key_size);
    values.resize((total + room) * value_stride_);
    uint32_t count = room;
    const int status =
        bpf_map_lookup_batch(fd(), first ? nullptr : cursor.data(), next.data(), keys.data() + total * shape_.key_size,
                             values.data() + total * value_stride_, &count, nullptr);
    if (status != 0 && errno == ENOSPC && room <= kU32Max / 2) {
      room *= 2;
      continue;
    }
    if (status != 0 && errno != ENOENT) throw call.Failed(errno);
    more = status == 0;
    total += count;
    first = false;
    cursor.swap(next);
  }
  return Entries(call.env, static_cast<uint32_t>(total), CopyBytes(call.env, keys.data(), total * shape_.key_size),
                 CopyBytes(call.env, values.data(), total * value_stride_));
}

Napi::Value BpfMap::LookupBatch(const Napi::CallbackInfo& info) {
  const Call call = Begin(info, "map_lookup_batch");
  const bool array = shape_.type == BPF_MAP_TYPE_ARRAY || shape_.type == BPF_MAP_TYPE_PERCPU_ARRAY;
  const auto most = OptionalU32(call, info[0], "most", 1);
  if (most && !array) throw call.Invalid("only the entries of an array have an order to take the first of");
  return array ? ReadArray(call, std::min(most.value_or(kU32Max), shape_.max_entries)) : ReadInChunks(call);
}

void BpfMap::UpdateBatch(const Napi::CallbackInfo& info) {
  const Call call = Begin(info, "map_update_batch");
  if (HoldsMaps() || HoldsPrograms()) throw call.Invalid("this map takes handles: update its entries one by one");
  const Bytes keys = RequireBytes(call, info[0], "keys");
  if (shape_.key_size == 0 || keys.size() % shape_.key_size != 0) {
    throw call.Refused("ESIZE", "keys must have a multiple of " + std::to_string(shape_.key_size) + " bytes, not " +
                                    std::to_string(keys.size()));
  }
  const size_t entries = keys.size() / shape_.key_size;
  if (entries > kU32Max) throw call.Refused("ESIZE", "too many entries for one batch");
  const Bytes values = RequireBytes(call, info[1], "values", entries * value_stride_);
  if (entries == 0) return;
  uint32_t count = static_cast<uint32_t>(entries);
  if (bpf_map_update_batch(fd(), keys.data(), values.data(), &count, nullptr) == 0) return;
  // Kernels before 6.8 leave count alone when they refuse early; all entries in and an error cannot both be.
  throw call.Failed(errno, {.done = count < entries ? count : 0});
}

}  // namespace lbt
