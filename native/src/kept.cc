#include "kept.h"

#include <fcntl.h>

#include <algorithm>
#include <cstring>
#include <system_error>

#include "map.h"

namespace lbt {
namespace {

// A policy's programs, the gate in front of them, and the same for a policy on trial.
constexpr size_t kMostObjects = 4;

bool IsSection(const std::string& map) { return map.starts_with('.'); }
bool IsReadOnlySection(const std::string& map) { return map.starts_with(".rodata"); }

// A map that its type, sizes, flags and types make again as it is; the content of a section is written besides.
bool IsPlain(const bpf_map_info& shape) {
  switch (shape.type) {
    case BPF_MAP_TYPE_HASH:
    case BPF_MAP_TYPE_ARRAY:
    case BPF_MAP_TYPE_PERCPU_HASH:
    case BPF_MAP_TYPE_PERCPU_ARRAY:
    case BPF_MAP_TYPE_LRU_HASH:
    case BPF_MAP_TYPE_RINGBUF:
    case BPF_MAP_TYPE_PROG_ARRAY:  // empty: there are no images of an object that fills one
      return true;
    default:
      return false;
  }
}

// As libbpf does: the map stays with the program, also where no instruction names it.
void BindReadOnlySections(const LoadedSeeds& seeds) {
  for (const auto& [name, map] : seeds.maps) {
    if (!IsReadOnlySection(name)) continue;
    for (const auto& [_, program] : seeds.programs) bpf_prog_bind_map(program.fd.get(), map.fd.get(), nullptr);
  }
}

}  // namespace

std::string RequestOf(const Call& call, const Plan& plan) {
  std::string request = plan.digest + '\n' + call.target + '\n';
  const auto add = [&request](const std::string& what, const std::string& name, size_t value) {
    request.append(what).append(1, ' ').append(name).append(1, ' ').append(std::to_string(value)).append(1, '\n');
  };
  for (const auto& [name, bytes] : plan.rodata) add("rodata", name, bytes.size());
  for (const auto& [name, count] : plan.max_entries) add("maxEntries", name, count);
  for (const auto& [name, fd] : plan.maps) {
    const bpf_map_info shape = MapShape(call, fd.get());
    add("map", name, shape.type);
    add("keySize", name, shape.key_size);
    add(IsSection(name) ? "maxEntries" : "valueSize", name, IsSection(name) ? shape.max_entries : shape.value_size);
  }
  if (!plan.programs) return request + "all";
  for (const std::string& name : *plan.programs) add("program", name, 1);
  return request;
}

std::optional<KeptObject> KeptObject::Of(const Call& call, const OpenObject& object, const MapNames& maps,
                                         const Plan& plan, const ParallelLoads& loads) {
  KeptObject kept;
  kept.request_ = RequestOf(call, plan);
  kept.variables_ = VariablesOf(object.get());
  kept.btf_ = UniqueFd(fcntl(bpf_object__btf_fd(object.get()), F_DUPFD_CLOEXEC, 3));
  if (!kept.btf_.valid() || loads.images().empty()) return std::nullopt;
  for (const auto& [map, name] : maps) {
    const auto is = [&name = name](const auto& replaced) { return replaced.first == name; };
    const bool is_replaced = std::any_of(plan.maps.begin(), plan.maps.end(), is);
    if (!kept.AddMap(name, is_replaced, map)) return std::nullopt;
  }
  size_t loaded = 0;
  bpf_program* program;
  bpf_object__for_each_program(program, object.get()) loaded += bpf_program__fd(program) >= 0;
  if (loads.images().size() != loaded) return std::nullopt;
  for (const ProgramImage& image : loads.images()) {
    if (!kept.AddProgram(image, maps)) return std::nullopt;
  }
  return kept;
}

bool KeptObject::AddMap(const std::string& name, bool is_replaced, bpf_map* map) {
  const int fd = bpf_map__fd(map);
  Map kept = {.name = name, .is_replaced = is_replaced, .shape = {}, .content = {}};
  __u32 length = sizeof kept.shape;
  if (fd < 0 || bpf_obj_get_info_by_fd(fd, &kept.shape, &length) != 0) return false;
  if (!is_replaced && !IsPlain(kept.shape)) return false;
  if (!is_replaced && IsSection(name)) {
    size_t size = 0;
    const auto* content = static_cast<const uint8_t*>(bpf_map__initial_value(map, &size));
    if (content == nullptr || size != kept.shape.value_size) return false;
    kept.content.assign(content, content + size);
  }
  maps_.push_back(std::move(kept));
  return true;
}

bool KeptObject::AddProgram(const ProgramImage& image, const MapNames& maps) {
  Program program = {.image = image, .references = {}};
  program.image.UseTypes(btf_.get());
  const std::vector<bpf_insn>& insns = image.insns();
  for (size_t i = 0; i < insns.size(); i++) {
    if (!NamesMap(insns[i])) continue;
    const auto is = [&](const auto& map) { return bpf_map__fd(map.first) == insns[i].imm; };
    const auto found = std::find_if(maps.begin(), maps.end(), is);
    if (found == maps.end()) return false;
    program.references.push_back({i, static_cast<size_t>(found - maps.begin())});
  }
  programs_.push_back(std::move(program));
  return true;
}

std::vector<uint8_t> KeptObject::ContentOf(const Map& map, const Plan& plan) const {
  std::vector<uint8_t> content = map.content;
  for (const auto& [name, bytes] : plan.rodata) {
    const auto is = [&](const Variable& v) { return v.name == name && v.section == map.name; };
    const auto variable = std::find_if(variables_.begin(), variables_.end(), is);
    if (variable != variables_.end()) memcpy(content.data() + variable->offset, bytes.data(), bytes.size());
  }
  return content;
}

UniqueFd KeptObject::CreateMap(const Map& map, const std::vector<uint8_t>& content) const {
  const bpf_map_info& shape = map.shape;
  LIBBPF_OPTS(bpf_map_create_opts, opts, .btf_key_type_id = shape.btf_key_type_id,
              .btf_value_type_id = shape.btf_value_type_id, .map_flags = shape.map_flags, .map_extra = shape.map_extra);
  if (shape.btf_value_type_id != 0) opts.btf_fd = static_cast<uint32_t>(btf_.get());
  UniqueFd fd(bpf_map_create(static_cast<bpf_map_type>(shape.type), shape.name, shape.key_size, shape.value_size,
                             shape.max_entries, &opts));
  if (!fd.valid() || content.empty()) return fd;
  const uint32_t key = 0;
  const bool is_written = bpf_map_update_elem(fd.get(), &key, content.data(), BPF_ANY) == 0 &&
                          (!IsReadOnlySection(map.name) || bpf_map_freeze(fd.get()) == 0);
  return is_written ? std::move(fd) : UniqueFd();
}

std::optional<LoadedSeeds> KeptObject::Load(const Call& call, const Plan& plan) {
  LoadedSeeds seeds;
  auto frozen = plan.specialize ? std::make_shared<FrozenMaps>() : nullptr;
  for (const Map& map : maps_) {
    const auto is = [&map](const auto& replacement) { return replacement.first == map.name; };
    const auto replacement = std::find_if(plan.maps.begin(), plan.maps.end(), is);
    std::vector<uint8_t> content = ContentOf(map, plan);
    UniqueFd fd = map.is_replaced ? Duplicate(call, replacement->second.get()) : CreateMap(map, content);
    if (!fd.valid()) return std::nullopt;
    if (frozen != nullptr && !map.is_replaced && IsReadOnlySection(map.name)) {
      frozen->emplace(fd.get(), std::move(content));
    }
    seeds.maps.emplace_back(map.name, Seed{std::move(fd), map.name});
  }
  for (Program& program : programs_) {
    for (const auto& [insn, map] : program.references) {
      program.image.insns()[insn].imm = seeds.maps[map].second.fd.get();
    }
    program.image.SpecializeFor(frozen);
  }
  std::vector<UniqueFd> fds = LoadPrograms();
  if (fds.size() != programs_.size()) return std::nullopt;
  for (auto program = programs_.begin(); UniqueFd& fd : fds) {
    const std::string& name = (program++)->image.name();
    seeds.programs.emplace_back(name, Seed{std::move(fd), name});
  }
  BindReadOnlySections(seeds);
  seeds.are_specialized = std::all_of(programs_.begin(), programs_.end(), [](const Program& program) {
    return program.image.is_specialized();
  });
  return seeds;
}

std::vector<UniqueFd> KeptObject::LoadPrograms() {
  std::vector<UniqueFd> fds;
  std::list<ThreadedLoad> threads;
  try {
    for (auto program = programs_.begin(); std::next(program) != programs_.end(); ++program) {
      threads.emplace_back(program->image);
    }
  } catch (const std::system_error&) {  // no thread
    return {};
  }
  UniqueFd last = programs_.back().image.Load();
  for (ThreadedLoad& thread : threads) fds.push_back(std::move(thread.Wait()));
  fds.push_back(std::move(last));
  const bool are_all = std::all_of(fds.begin(), fds.end(), [](const UniqueFd& fd) { return fd.valid(); });
  return are_all ? std::move(fds) : std::vector<UniqueFd>{};
}

KeptObject* KeptObjects::Find(const std::string& request) {
  const auto is = [&request](const KeptObject& object) { return object.request() == request; };
  const auto found = std::find_if(objects_.begin(), objects_.end(), is);
  return found == objects_.end() ? nullptr : &*found;
}

void KeptObjects::Add(KeptObject object) {
  objects_.push_back(std::move(object));
  if (objects_.size() > kMostObjects) objects_.pop_front();
}

}  // namespace lbt
