// loadObject: everything into the kernel, or nothing.
#include <bpf/btf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "kept.h"
#include "load.h"
#include "map.h"
#include "object.h"
#include "parallel.h"
#include "program.h"
#include "trial.h"

namespace lbt {
namespace {

// Room for a verifier log that tells everything; committed only as far as the kernel writes.
constexpr size_t kVerifierLogSize = 16 << 20;

std::vector<std::string> ReadNames(const Call& call, Napi::Value value) {
  if (!value.IsArray()) throw call.Invalid("programs must be an array of names");
  std::vector<std::string> names;
  const Napi::Array array = value.As<Napi::Array>();
  for (uint32_t i = 0; i < array.Length(); i++) names.push_back(RequireString(call, array[i], "programs"));
  return names;
}

Plan ReadPlan(const Call& call, Napi::Value value) {
  const Napi::Object options = OptionalObject(call, value, "opts");
  Plan plan;
  const Napi::Value name = options.Get("name");
  if (!name.IsUndefined()) plan.name = RequireString(call, name, "name");
  for (const auto& [name, bytes] : Properties(OptionalObject(call, options.Get("rodata"), "rodata"))) {
    const Bytes content = RequireBytes(call, bytes, ("rodata." + name).c_str());
    plan.rodata.emplace_back(name, std::vector<uint8_t>(content.begin(), content.end()));
  }
  for (const auto& [name, map] : Properties(OptionalObject(call, options.Get("maps"), "maps"))) {
    const int fd = RequireHandle<BpfMap>(call, map, ("maps." + name).c_str())->fd();
    plan.maps.emplace_back(name, Duplicate(call, fd));
  }
  for (const auto& [name, count] : Properties(OptionalObject(call, options.Get("maxEntries"), "maxEntries"))) {
    plan.max_entries.emplace_back(name, RequireU32(call, count, ("maxEntries." + name).c_str(), 1));
  }
  const Napi::Value programs = options.Get("programs");
  if (!programs.IsUndefined()) plan.programs = ReadNames(call, programs);
  const Napi::Value specialize = options.Get("specialize");
  plan.specialize = !specialize.IsUndefined() && RequireBool(call, specialize, "specialize");
  plan.log_level = OptionalU32(call, options.Get("logLevel"), "logLevel", 0, 7).value_or(0);
  return plan;
}

bpf_map* FindMap(const Call& call, bpf_object* object, const std::string& name) {
  bpf_map* map;
  bpf_object__for_each_map(map, object) {
    if (ElfName(map) == name) return map;
  }
  throw call.Invalid("the object has no map " + name);
}

void SetRodata(const Call& call, bpf_object* object, const Plan& plan) {
  if (plan.rodata.empty()) return;
  const std::vector<Variable> variables = VariablesOf(object);
  for (const auto& [name, bytes] : plan.rodata) {
    const auto wanted = [&name](const Variable& v) { return v.name == name && v.section.starts_with(".rodata"); };
    const auto found = std::find_if(variables.begin(), variables.end(), wanted);
    if (found == variables.end()) throw call.Invalid("the object has no variable " + name + " in .rodata");
    if (bytes.size() != found->size) {
      throw call.Refused("ESIZE", "rodata." + name + " must have " + std::to_string(found->size) + " bytes, not " +
                                      std::to_string(bytes.size()));
    }
    size_t size = 0;
    const bpf_map* map = FindMap(call, object, found->section);
    auto* content = static_cast<uint8_t*>(const_cast<void*>(bpf_map__initial_value(const_cast<bpf_map*>(map), &size)));
    if (content == nullptr || found->offset + bytes.size() > size) {
      throw call.Refused("EIO", "rodata." + name + " lies outside its section");
    }
    memcpy(content + found->offset, bytes.data(), bytes.size());
  }
}

// Everything in which `shape` cannot stand for the object's map; empty when it can.
std::string Incompatibilities(const bpf_map* map, const bpf_map_info& shape) {
  std::string found;
  const auto compare = [&found](const char* what, const std::string& is, const std::string& wanted) {
    if (is == wanted) return;
    found.append(found.empty() ? "" : ", ").append(what).append(" is ").append(is).append(", wanted ").append(wanted);
  };
  compare("type", MapTypeName(shape.type), MapTypeName(bpf_map__type(map)));
  compare("keySize", std::to_string(shape.key_size), std::to_string(bpf_map__key_size(map)));
  if (bpf_map__is_internal(map)) {
    compare("maxEntries", std::to_string(shape.max_entries), "1");
  } else {
    compare("valueSize", std::to_string(shape.value_size), std::to_string(bpf_map__value_size(map)));
  }
  return found;
}

void ApplyMaps(const Call& call, OpenObject& object, const Plan& plan) {
  for (const auto& [name, count] : plan.max_entries) {
    const int err = bpf_map__set_max_entries(FindMap(call, object.get(), name), count);
    if (err != 0) throw call.Failed(-err, {.detail = "maxEntries." + name});
  }
  // All are found before any is replaced: replacing renames.
  std::vector<std::pair<bpf_map*, int>> replacements;
  for (const auto& [name, fd] : plan.maps) {
    bpf_map* map = FindMap(call, object.get(), name);
    const std::string problems = Incompatibilities(map, MapShape(call, fd.get()));
    if (!problems.empty()) throw call.Refused("EMISMATCH", "maps." + name + ": " + problems);
    replacements.emplace_back(map, fd.get());
  }
  for (const auto& [map, fd] : replacements) object.ReplaceMap(call, map, fd);
}

void ChoosePrograms(const Call& call, bpf_object* object, const Plan& plan) {
  if (!plan.programs) return;
  bpf_program* program;
  bpf_object__for_each_program(program, object) bpf_program__set_autoload(program, false);
  for (const std::string& name : *plan.programs) {
    program = bpf_object__find_program_by_name(object, name.c_str());
    if (program == nullptr) throw call.Invalid("the object has no program " + name);
    bpf_program__set_autoload(program, true);
  }
}

// One buffer per program, so that each log survives the next program's.
class VerifierLogs {
 public:
  VerifierLogs(bpf_object* object, uint32_t level) {
    bpf_program* program;
    bpf_object__for_each_program(program, object) {
      if (!bpf_program__autoload(program)) continue;
      std::unique_ptr<char[]> buffer(new char[kVerifierLogSize]);  // not zeroed: only what is written gets memory
      buffer[0] = '\0';
      bpf_program__set_log_buf(program, buffer.get(), kVerifierLogSize);
      bpf_program__set_log_level(program, level);
      buffers_.push_back(std::move(buffer));
    }
  }
  std::string Text() const {
    std::string text;
    for (const auto& buffer : buffers_) text.append(buffer.get());
    return text;
  }
  // Of the program that was refused, which is the last one tried.
  std::string Last() const {
    for (auto buffer = buffers_.rbegin(); buffer != buffers_.rend(); ++buffer) {
      if ((*buffer)[0] != '\0') return buffer->get();
    }
    return {};
  }

 private:
  std::vector<std::unique_ptr<char[]>> buffers_;
};

LoadedSeeds TakeLoaded(const Call& call, bpf_object* object, const MapNames& names, ParallelLoads* beside) {
  LoadedSeeds seeds;
  for (const auto& [map, name] : names) {
    if (bpf_map__fd(map) >= 0) seeds.maps.emplace_back(name, Seed{Duplicate(call, bpf_map__fd(map)), name});
  }
  bpf_program* program;
  bpf_object__for_each_program(program, object) {
    const int fd = beside != nullptr ? beside->FdOf(program) : bpf_program__fd(program);
    if (fd < 0) continue;
    const std::string name = bpf_program__name(program);
    seeds.programs.emplace_back(name, Seed{Duplicate(call, fd), name});
  }
  return seeds;
}

// [[name, handle], ...]. On failure the handles made so far are closed.
template <typename T>
Napi::Array WrapAll(const Call& call, std::vector<std::pair<std::string, Seed>> seeds, std::vector<Resource*>& made) {
  const Napi::Array all = Napi::Array::New(call.env);
  for (auto& [name, seed] : seeds) {
    const Napi::Object handle = T::Wrap(call.env, std::move(seed));
    made.push_back(T::Unwrap(handle));
    const Napi::Array entry = Napi::Array::New(call.env, 2);
    entry.Set(0u, name);
    entry.Set(1u, handle);
    all.Set(all.Length(), entry);
  }
  return all;
}

Napi::Object WrapLoaded(const Call& call, LoadedSeeds seeds) {
  std::vector<Resource*> made;
  try {
    Napi::Object parts = Napi::Object::New(call.env);
    parts.Set("maps", WrapAll<BpfMap>(call, std::move(seeds.maps), made));
    parts.Set("programs", WrapAll<BpfProgram>(call, std::move(seeds.programs), made));
    parts.Set("verifierLog", seeds.log);
    parts.Set("specialized", seeds.are_specialized);
    return parts;
  } catch (...) {
    for (Resource* resource : made) resource->Release();
    throw;
  }
}

// Everything before loading. The names are those that the maps have before any is replaced: replacing renames.
MapNames Prepare(const Call& call, OpenObject& object, const Plan& plan) {
  MapNames names;
  bpf_map* map;
  bpf_object__for_each_map(map, object.get()) names.emplace_back(map, ElfName(map));
  SetRodata(call, object.get(), plan);
  ApplyMaps(call, object, plan);
  ChoosePrograms(call, object.get(), plan);
  return names;
}

// The sections that programs are specialized for.
std::optional<std::vector<bpf_map*>> FrozenSections(const MapNames& names, const Plan& plan) {
  if (!plan.specialize) return std::nullopt;
  std::vector<bpf_map*> sections;
  for (const auto& [map, name] : names) {
    const auto is = [&name = name](const auto& replacement) { return replacement.first == name; };
    const bool is_replaced = std::any_of(plan.maps.begin(), plan.maps.end(), is);
    if (name.starts_with(".rodata") && !is_replaced) sections.push_back(map);
  }
  return sections;
}

enum class Order { kSideBySide, kInTurn };

// Empty where a program was refused that libbpf itself has not loaded: there is no verifier log of it.
std::optional<LoadedSeeds> Load(const Call& call, Bytes bytes, const Plan& plan, Order order, KeptObjects* keep) {
  OpenObject object(call, bytes, call.target);
  const MapNames names = Prepare(call, object, plan);
  const VerifierLogs logs(object.get(), plan.log_level);
  std::optional<ParallelLoads> beside;
  if (order == Order::kSideBySide) beside.emplace(object.get(), LicenseOf(bytes), FrozenSections(names, plan));
  const LibbpfLog messages;
  const int err = bpf_object__load(object.get());
  if (beside && !beside->Finish()) return std::nullopt;
  if (err != 0) {
    std::string log = logs.Last();
    throw call.Failed(-err, {.detail = messages.text(),
                             .verifier_log = log.empty() ? std::nullopt : std::optional(std::move(log))});
  }
  LoadedSeeds seeds = TakeLoaded(call, object.get(), names, beside ? &*beside : nullptr);
  if (plan.log_level > 0) seeds.log = logs.Text();
  seeds.are_specialized = beside && beside->AreSpecialized();
  if (keep != nullptr && beside) {
    if (auto kept = KeptObject::Of(call, object, names, plan, *beside)) keep->Add(std::move(*kept));
  }
  return seeds;
}

// The short ways first. What is refused there is tried once more in turn, for libbpf to say why; what its logs are asked
// for, in turn at once.
LoadedSeeds LoadAll(const Call& call, Bytes bytes, const Plan& plan, KeptObjects* kept) {
  std::optional<LoadedSeeds> seeds;
  if (plan.log_level == 0) {
    KeptObject* known = kept == nullptr ? nullptr : kept->Find(RequestOf(call, plan));
    seeds = known != nullptr ? known->Load(call, plan) : Load(call, bytes, plan, Order::kSideBySide, kept);
  }
  if (!seeds) seeds = Load(call, bytes, plan, Order::kInTurn, nullptr);
  return std::move(*seeds);
}

}  // namespace

Napi::Value LoadObject(const Napi::CallbackInfo& info) {
  Call call{info.Env(), "object_load", ""};
  call.target = RequireString(call, info[1], "name");
  Plan plan = ReadPlan(call, info[2]);
  plan.digest = RequireString(call, info[4], "digest");
  if (plan.name) call.target = *plan.name;
  const bool untried = RequireBool(call, info[3], "untried");
  const Bytes bytes = RequireBytes(call, info[0], "source");
  if (untried) TryInChild(call, [&] { LoadAll(call, bytes, plan, nullptr); });
  return WrapLoaded(call, LoadAll(call, bytes, plan, AddonState::Of(info.Env()).kept.get()));
}

}  // namespace lbt
