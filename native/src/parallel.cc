#include "parallel.h"

#include <bpf/btf.h>
#include <pthread.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <mutex>
#include <new>
#include <set>
#include <string_view>
#include <tuple>

#include "specialize.h"

namespace lbt {
namespace {

// As in libbpf's own table of sections.
constexpr struct {
  const char* name;
  bpf_prog_type type;
  bpf_attach_type attach_type;
  uint32_t flags;
} kSections[] = {
    {"xdp.frags", BPF_PROG_TYPE_XDP, BPF_XDP, BPF_F_XDP_HAS_FRAGS},
    {"tc", BPF_PROG_TYPE_SCHED_CLS, BPF_CGROUP_INET_INGRESS, 0},  // attach type 0: none
};

thread_local ParallelLoads* current = nullptr;

bool HasHandler(const bpf_program* program) {
  const std::string_view section = bpf_program__section_name(program);
  return std::any_of(std::begin(kSections), std::end(kSections), [section](const auto& s) { return s.name == section; });
}

// Does the object say what is in one of its maps? libbpf would put in the program that does nothing.
bool FillsMaps(const bpf_object* object) {
  const btf* types = bpf_object__btf(object);
  const int id = types == nullptr ? -1 : btf__find_by_name_kind(types, ".maps", BTF_KIND_DATASEC);
  if (id < 0) return false;
  const btf_type* section = btf__type_by_id(types, static_cast<uint32_t>(id));
  for (uint32_t i = 0; i < btf_vlen(section); i++) {
    const btf_type* variable = btf__type_by_id(types, btf_var_secinfos(section)[i].type);
    const int type = variable == nullptr ? -1 : btf__resolve_type(types, variable->type);
    const btf_type* map = type < 0 ? nullptr : btf__type_by_id(types, static_cast<uint32_t>(type));
    if (map == nullptr || !btf_is_struct(map)) continue;
    for (uint32_t member = 0; member < btf_vlen(map); member++) {
      const char* name = btf__name_by_offset(types, btf_members(map)[member].name_off);
      if (name != nullptr && std::string_view(name) == "values") return true;
    }
  }
  return false;
}

int PrepareLoad(bpf_program* program, bpf_prog_load_opts* opts, long flags) noexcept {
  opts->prog_flags |= static_cast<uint32_t>(flags);
  if (current == nullptr || !current->Take(program, *opts)) return 0;
  bpf_insn nothing[] = {
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .src_reg = 0, .off = 0, .imm = 0},
      {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
  };
  opts->func_info_cnt = 0;
  opts->line_info_cnt = 0;
  return bpf_program__set_insns(program, nothing, std::size(nothing));
}

Records RecordsOf(const void* records, uint32_t count, uint32_t size) {
  const auto* bytes = static_cast<const uint8_t*>(records);
  return {.bytes = {bytes, bytes + size_t{count} * size}, .size = size};
}

// Of maps that exist.
std::shared_ptr<const FrozenMaps> ContentOf(const std::vector<bpf_map*>& sections) {
  auto frozen = std::make_shared<FrozenMaps>();
  for (bpf_map* section : sections) {
    size_t size = 0;
    const auto* content = static_cast<const uint8_t*>(bpf_map__initial_value(section, &size));
    if (content != nullptr) frozen->emplace(bpf_map__fd(section), std::vector<uint8_t>(content, content + size));
  }
  return frozen;
}

}  // namespace

bool NamesMap(const bpf_insn& insn) {
  return insn.code == (BPF_LD | BPF_IMM | BPF_DW) &&
         (insn.src_reg == BPF_PSEUDO_MAP_FD || insn.src_reg == BPF_PSEUDO_MAP_VALUE);
}

ProgramImage::ProgramImage(const bpf_program* program, const bpf_prog_load_opts& opts, std::string license)
    : name_(bpf_program__name(program)),
      license_(std::move(license)),
      type_(bpf_program__type(program)),
      text_{.insns = {bpf_program__insns(program), bpf_program__insns(program) + bpf_program__insn_cnt(program)},
            .functions = RecordsOf(opts.func_info, opts.func_info_cnt, opts.func_info_rec_size),
            .lines = RecordsOf(opts.line_info, opts.line_info_cnt, opts.line_info_rec_size)} {
  // The libbpf that runs may know more options, or fewer, than the one this was built with.
  memcpy(&opts_, &opts, std::min(opts.sz, sizeof opts_));
  opts_.sz = sizeof opts_;
  opts_.log_level = opts_.log_size = 0;
  opts_.log_buf = nullptr;
}

UniqueFd ProgramImage::Load() noexcept {
  try {
    const auto special = frozen_ == nullptr ? std::nullopt : Specialize(text_, *frozen_);
    const ProgramText& text = special ? *special : text_;
    is_specialized_ = special.has_value();
    bpf_prog_load_opts opts = opts_;
    opts.func_info = text.functions.bytes.data();
    opts.func_info_cnt = static_cast<uint32_t>(text.functions.count());
    opts.line_info = text.lines.bytes.data();
    opts.line_info_cnt = static_cast<uint32_t>(text.lines.count());
    UniqueFd fd(bpf_prog_load(type_, name_.c_str(), license_.c_str(), text.insns.data(), text.insns.size(), &opts));
    // It holds the maps that no instruction names any more as well: who asks it for its maps finds the same.
    if (fd.valid() && special) BindMaps(fd.get());
    return fd;
  } catch (const std::bad_alloc&) {
    return UniqueFd();
  }
}

void ProgramImage::BindMaps(int fd) const {
  std::set<int> maps;
  for (const bpf_insn& insn : text_.insns) {
    if (NamesMap(insn)) maps.insert(insn.imm);
  }
  for (const int map : maps) bpf_prog_bind_map(fd, map, nullptr);
}

ThreadedLoad::ThreadedLoad(ProgramImage& image)
    : thread_([this, &image] {
        // Signals are for the threads that expect them; one that is pending makes the kernel give up verifying.
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, nullptr);
        fd_ = image.Load();
      }) {}

UniqueFd& ThreadedLoad::Wait() {
  if (thread_.joinable()) thread_.join();
  return fd_;
}

void RegisterParallelLoads() {
  static std::once_flag once;
  std::call_once(once, [] {
    for (const auto& [name, type, attach_type, flags] : kSections) {
      LIBBPF_OPTS(libbpf_prog_handler_opts, opts, .cookie = flags, .prog_prepare_load_fn = PrepareLoad);
      libbpf_register_prog_handler(name, type, attach_type, &opts);
    }
  });
}

ParallelLoads::ParallelLoads(const bpf_object* object, std::string license,
                             std::optional<std::vector<bpf_map*>> frozen)
    : license_(std::move(license)), sections_(std::move(frozen)) {
  if (FillsMaps(object)) return;
  bpf_program* program;
  bpf_object__for_each_program(program, object) {
    if (bpf_program__autoload(program) && HasHandler(program)) left_++;
  }
  current = this;
}

ParallelLoads::~ParallelLoads() { Finish(); }

bool ParallelLoads::Take(const bpf_program* program, const bpf_prog_load_opts& opts) noexcept {
  const bool is_last = left_ <= 1;
  left_--;
  // What fd_array names is closed as soon as libbpf is done.
  if (opts.fd_array != nullptr) return false;
  try {
    ProgramImage& image = images_.emplace_back(program, opts, license_);
    if (frozen_ == nullptr && sections_) frozen_ = ContentOf(*sections_);
    image.SpecializeFor(frozen_);
    if (is_last) {
      last_ = program;
    } else {
      loads_.emplace_back(std::piecewise_construct, std::tuple(program), std::tuple(std::ref(image)));
    }
    return true;
  } catch (...) {  // no memory, or no thread
    return false;
  }
}

bool ParallelLoads::Finish() {
  current = nullptr;
  if (last_ != nullptr && !last_fd_.valid()) last_fd_ = images_.back().Load();
  const bool is_refused = last_ != nullptr && !last_fd_.valid();
  return std::count_if(loads_.begin(), loads_.end(), [](auto& load) { return !load.second.Wait().valid(); }) == 0 &&
         !is_refused;
}

bool ParallelLoads::AreSpecialized() const {
  return std::all_of(images_.begin(), images_.end(), [](const ProgramImage& image) { return image.is_specialized(); });
}

int ParallelLoads::FdOf(const bpf_program* program) {
  const auto found =
      std::find_if(loads_.begin(), loads_.end(), [program](const auto& load) { return load.first == program; });
  if (found != loads_.end()) return found->second.Wait().get();
  return program == last_ ? last_fd_.get() : bpf_program__fd(program);
}

}  // namespace lbt
