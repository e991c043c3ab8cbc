#include <bpf/btf.h>
#include <gelf.h>
#include <libelf.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "map.h"
#include "object.h"
#include "trial.h"

namespace lbt {
namespace {

bool HasMemory(std::string_view section) {
  const auto is = [section](std::string_view base) {
    return section == base || (section.starts_with(base) && section[base.size()] == '.');
  };
  return is(".rodata") || is(".data") || is(".bss");
}

Napi::Array MapSpecs(Napi::Env env, bpf_object* object) {
  const Napi::Array specs = Napi::Array::New(env);
  bpf_map* map;
  bpf_object__for_each_map(map, object) {
    Napi::Object spec = Napi::Object::New(env);
    spec.Set("name", ElfName(map));
    spec.Set("type", MapTypeName(bpf_map__type(map)));
    spec.Set("keySize", bpf_map__key_size(map));
    spec.Set("valueSize", bpf_map__value_size(map));
    spec.Set("maxEntries", bpf_map__max_entries(map));
    spec.Set("flags", bpf_map__map_flags(map));
    specs.Set(specs.Length(), spec);
  }
  return specs;
}

Napi::Array ProgramSpecs(Napi::Env env, bpf_object* object) {
  const Napi::Array specs = Napi::Array::New(env);
  bpf_program* program;
  bpf_object__for_each_program(program, object) {
    const char* type = libbpf_bpf_prog_type_str(bpf_program__type(program));
    Napi::Object spec = Napi::Object::New(env);
    spec.Set("name", bpf_program__name(program));
    spec.Set("section", bpf_program__section_name(program));
    spec.Set("type", type != nullptr ? type : "unspec");
    specs.Set(specs.Length(), spec);
  }
  return specs;
}

// What a section holds before loading.
Bytes ContentOf(const bpf_object* object, const std::string& section) {
  const bpf_map* map;
  bpf_object__for_each_map(map, object) {
    if (!bpf_map__is_internal(map) || ElfName(map) != section) continue;
    size_t size = 0;
    const auto* content = static_cast<const uint8_t*>(bpf_map__initial_value(const_cast<bpf_map*>(map), &size));
    return content == nullptr ? Bytes{} : Bytes{content, size};
  }
  return {};
}

Napi::Array VariableSpecs(Napi::Env env, const bpf_object* object) {
  const Napi::Array specs = Napi::Array::New(env);
  for (const Variable& variable : VariablesOf(object)) {
    Napi::Object spec = Napi::Object::New(env);
    spec.Set("section", variable.section);
    spec.Set("name", variable.name);
    spec.Set("offset", variable.offset);
    spec.Set("size", variable.size);
    const Bytes content = ContentOf(object, variable.section);
    const bool within = variable.offset <= content.size() && variable.size <= content.size() - variable.offset;
    if (within) spec.Set("content", CopyBytes(env, content.data() + variable.offset, variable.size));
    specs.Set(specs.Length(), spec);
  }
  return specs;
}

// Everything that InspectObject asks, without JavaScript.
void ReadAll(const Call& call, Bytes bytes) {
  const OpenObject object(call, bytes, call.target);
  LicenseOf(bytes);
  bpf_map* map;
  bpf_object__for_each_map(map, object.get()) ElfName(map);
  for (const Variable& variable : VariablesOf(object.get())) ContentOf(object.get(), variable.section);
}

}  // namespace

OpenObject::OpenObject(const Call& call, Bytes bytes, const std::string& name) {
  const LibbpfLog log;
  LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = name.c_str());
  object_ = bpf_object__open_mem(bytes.data(), bytes.size(), &opts);
  if (object_ == nullptr) throw call.Failed(errno, {.detail = log.text()});
}

OpenObject::~OpenObject() {
  for (const Placeholder& placeholder : placeholders_) {
    // Closing would now unmap the wrong range. Losing this object's memory is the lesser harm.
    if (bpf_map__reuse_fd(placeholder.map, placeholder.fd.get()) != 0) return;
  }
  bpf_object__close(object_);
}

void OpenObject::ReplaceMap(const Call& call, bpf_map* map, int fd) {
  size_t size = 0;
  if (bpf_map__is_internal(map) && bpf_map__initial_value(map, &size) != nullptr) {
    const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    const auto pages = static_cast<uint32_t>((size + page - 1) / page);
    // A hash table without preallocation has the wanted size on paper only.
    LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_NO_PREALLOC);
    UniqueFd placeholder(bpf_map_create(BPF_MAP_TYPE_HASH, "placeholder", sizeof(uint32_t),
                                        static_cast<uint32_t>(page), pages, &opts));
    if (!placeholder.valid()) throw call.Failed(errno, {.detail = "placeholder for " + ElfName(map)});
    placeholders_.push_back({map, std::move(placeholder)});
  }
  if (const int err = bpf_map__reuse_fd(map, fd); err != 0) throw call.Failed(-err, {.detail = bpf_map__name(map)});
}

std::string ElfName(const bpf_map* map) {
  std::string_view name = bpf_map__name(map);
  if (bpf_map__is_internal(map) && !name.starts_with('.')) name.remove_prefix(name.rfind('.'));
  return std::string(name);
}

std::string LicenseOf(Bytes bytes) {
  elf_version(EV_CURRENT);
  // elf_memory only reads; its parameter is not const because other modes write.
  char* image = const_cast<char*>(reinterpret_cast<const char*>(bytes.data()));
  const std::unique_ptr<Elf, int (*)(Elf*)> elf(elf_memory(image, bytes.size()), elf_end);
  size_t names = 0;
  if (!elf || elf_getshdrstrndx(elf.get(), &names) != 0) return {};
  for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf.get(), section)) != nullptr;) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == nullptr) continue;
    const char* name = elf_strptr(elf.get(), names, header.sh_name);
    if (name == nullptr || std::string_view(name) != "license") continue;
    const Elf_Data* content = elf_getdata(section, nullptr);
    if (content == nullptr || content->d_buf == nullptr) return {};
    const std::string_view text(static_cast<const char*>(content->d_buf), content->d_size);
    return std::string(text.substr(0, text.find('\0')));
  }
  return {};
}

std::vector<Variable> VariablesOf(const bpf_object* object) {
  std::vector<Variable> variables;
  const btf* types = bpf_object__btf(object);
  if (types == nullptr) return variables;
  for (uint32_t id = 1; id < btf__type_cnt(types); id++) {
    const btf_type* section = btf__type_by_id(types, id);
    if (!btf_is_datasec(section)) continue;
    const char* section_name = btf__name_by_offset(types, section->name_off);
    if (section_name == nullptr || !HasMemory(section_name)) continue;
    const btf_var_secinfo* entries = btf_var_secinfos(section);
    for (uint32_t i = 0; i < btf_vlen(section); i++) {
      const btf_type* variable = btf__type_by_id(types, entries[i].type);
      if (variable == nullptr || !btf_is_var(variable)) continue;
      const char* name = btf__name_by_offset(types, variable->name_off);
      variables.push_back({section_name, name != nullptr ? name : "", entries[i].offset, entries[i].size});
    }
  }
  return variables;
}

Napi::Value InspectObject(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Call call{env, "object_open", ""};
  call.target = RequireString(call, info[1], "name");
  const Bytes bytes = RequireBytes(call, info[0], "source");
  if (RequireBool(call, info[2], "untried")) TryInChild(call, [&] { ReadAll(call, bytes); });
  const OpenObject object(call, bytes, call.target);
  Napi::Object spec = Napi::Object::New(env);
  spec.Set("name", call.target);
  spec.Set("license", LicenseOf(bytes));
  spec.Set("maps", MapSpecs(env, object.get()));
  spec.Set("programs", ProgramSpecs(env, object.get()));
  spec.Set("variables", VariableSpecs(env, object.get()));
  return spec;
}

}  // namespace lbt
