#include "open.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "args.h"
#include "link.h"
#include "map.h"
#include "program.h"

namespace lbt {
namespace {

// Map types are numbered without gaps; the newest that any kernel has by now is far below this.
constexpr uint32_t kMapTypeEnd = 64;

uint32_t RequireMapType(const Call& call, Napi::Value value) {
  const std::string name = RequireString(call, value, "type");
  for (uint32_t type = 1; type < kMapTypeEnd; type++) {
    if (MapTypeName(type) == name) return type;
  }
  throw call.Invalid("unknown map type " + name);
}

// What sort of BPF object an fd is: `map`, `prog` or `link`. The kernel answers a request for the facts of one sort
// with those of another, so this has to be asked first.
std::string SortOf(const Call& call, int fd) {
  char target[64];
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t length = readlink(path.c_str(), target, sizeof target);
  if (length < 0) throw call.Failed(errno, {.detail = path});
  std::string sort(target, static_cast<size_t>(length));
  for (const std::string_view prefix : {"anon_inode:bpf-", "anon_inode:bpf_"}) {
    if (sort.starts_with(prefix)) return sort.substr(prefix.size());
  }
  return sort;
}

// `sort` is what must be pinned there.
UniqueFd OpenPin(const Call& call, const char* sort) {
  UniqueFd fd(bpf_obj_get(call.target.c_str()));
  if (!fd.valid()) throw call.Failed(errno);
  const std::string found = SortOf(call, fd.get());
  if (found != sort) throw call.Refused("EMISMATCH", "a " + found + " is pinned here, wanted a " + sort);
  return fd;
}

struct Expectation {
  std::optional<std::string> name;
  std::optional<std::string> type;
  std::optional<uint32_t> key_size;
  std::optional<uint32_t> value_size;
  std::optional<uint32_t> max_entries;
  std::optional<uint32_t> flags;
};

std::optional<std::string> OptionalString(const Call& call, Napi::Value value, const char* name) {
  if (value.IsUndefined()) return std::nullopt;
  return RequireString(call, value, name);
}

Expectation ReadExpectation(const Call& call, Napi::Value value) {
  const Napi::Object expect = OptionalObject(call, value, "expect");
  return {
      .name = OptionalString(call, expect.Get("name"), "expect.name"),
      .type = OptionalString(call, expect.Get("type"), "expect.type"),
      .key_size = OptionalU32(call, expect.Get("keySize"), "expect.keySize"),
      .value_size = OptionalU32(call, expect.Get("valueSize"), "expect.valueSize"),
      .max_entries = OptionalU32(call, expect.Get("maxEntries"), "expect.maxEntries"),
      .flags = OptionalU32(call, expect.Get("flags"), "expect.flags"),
  };
}

// Everything in which the map differs from what is expected; empty when it does not.
std::string Differences(const bpf_map_info& shape, const Expectation& expect) {
  std::string found;
  const auto add = [&found](const char* what, const std::string& is, const std::string& wanted) {
    found.append(found.empty() ? "" : ", ").append(what).append(" is ").append(is).append(", wanted ").append(wanted);
  };
  const auto number = [&add](const char* what, uint32_t is, std::optional<uint32_t> wanted) {
    if (wanted && is != *wanted) add(what, std::to_string(is), std::to_string(*wanted));
  };
  const std::string type = MapTypeName(shape.type);
  if (expect.name && *expect.name != shape.name) add("name", shape.name, *expect.name);
  if (expect.type && *expect.type != type) add("type", type, *expect.type);
  number("keySize", shape.key_size, expect.key_size);
  number("valueSize", shape.value_size, expect.value_size);
  number("maxEntries", shape.max_entries, expect.max_entries);
  number("flags", shape.map_flags, expect.flags);
  return found;
}

}  // namespace

Napi::Value CreateMap(const Napi::CallbackInfo& info) {
  Call call{info.Env(), "map_create", ""};
  if (!info[0].IsObject()) throw call.Invalid("spec must be an object");
  const Napi::Object spec = info[0].As<Napi::Object>();
  call.target = RequireString(call, spec.Get("name"), "name");
  if (call.target.size() >= BPF_OBJ_NAME_LEN) throw call.Invalid("name has more than 15 bytes");
  const auto type = static_cast<bpf_map_type>(RequireMapType(call, spec.Get("type")));
  const uint32_t key_size = RequireU32(call, spec.Get("keySize"), "keySize");
  const uint32_t value_size = RequireU32(call, spec.Get("valueSize"), "valueSize");
  const uint32_t max_entries = RequireU32(call, spec.Get("maxEntries"), "maxEntries");
  LIBBPF_OPTS(bpf_map_create_opts, opts);
  opts.map_flags = OptionalU32(call, spec.Get("flags"), "flags").value_or(0);
  const Napi::Value inner = spec.Get("innerMap");
  if (!inner.IsUndefined()) {
    opts.inner_map_fd = static_cast<__u32>(RequireHandle<BpfMap>(call, inner, "innerMap")->fd());
  }
  UniqueFd fd(bpf_map_create(type, call.target.c_str(), key_size, value_size, max_entries, &opts));
  if (!fd.valid()) throw call.Failed(errno);
  return BpfMap::Wrap(info.Env(), {std::move(fd), call.target});
}

Napi::Value OpenPinnedMap(const Napi::CallbackInfo& info) {
  Call call{info.Env(), "open_pinned_map", ""};
  call.target = RequireString(call, info[0], "path");
  const Expectation expect = ReadExpectation(call, info[1]);
  UniqueFd fd = OpenPin(call, "map");
  const std::string differences = Differences(MapShape(call, fd.get()), expect);
  if (!differences.empty()) throw call.Refused("EMISMATCH", differences);
  return BpfMap::Wrap(info.Env(), {std::move(fd), call.target});
}

Napi::Value OpenMapById(const Napi::CallbackInfo& info) {
  Call call{info.Env(), "open_map", ""};
  const uint32_t id = RequireU32(call, info[0], "id");
  call.target = "id " + std::to_string(id);
  UniqueFd fd(bpf_map_get_fd_by_id(id));
  if (!fd.valid()) throw call.Failed(errno);
  return BpfMap::Wrap(info.Env(), {std::move(fd), ""});
}

Napi::Value OpenPinnedProgram(const Napi::CallbackInfo& info) {
  Call call{info.Env(), "open_pinned_program", ""};
  call.target = RequireString(call, info[0], "path");
  return BpfProgram::Wrap(info.Env(), {OpenPin(call, "prog"), ""});
}

Napi::Value OpenProgramById(const Napi::CallbackInfo& info) {
  Call call{info.Env(), "open_program", ""};
  const uint32_t id = RequireU32(call, info[0], "id");
  call.target = "id " + std::to_string(id);
  UniqueFd fd(bpf_prog_get_fd_by_id(id));
  if (!fd.valid()) throw call.Failed(errno);
  return BpfProgram::Wrap(info.Env(), {std::move(fd), ""});
}

Napi::Value OpenPinnedLink(const Napi::CallbackInfo& info) {
  Call call{info.Env(), "open_pinned_link", ""};
  call.target = RequireString(call, info[0], "path");
  const Napi::Object link = BpfLink::Wrap(info.Env(), {OpenPin(call, "link"), call.target});
  BpfLink::Unwrap(link)->RememberPin(call.target);
  return link;
}

}  // namespace lbt
