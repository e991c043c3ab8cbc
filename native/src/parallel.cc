#include "parallel.h"

#include <pthread.h>

#include <algorithm>
#include <csignal>
#include <mutex>
#include <string_view>

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

std::vector<uint8_t> Copy(const void* records, uint32_t count, uint32_t size) {
  const auto* bytes = static_cast<const uint8_t*>(records);
  return {bytes, bytes + size_t{count} * size};
}

}  // namespace

// Everything that BPF_PROG_LOAD is given. Copied: libbpf frees its own where a later program is refused.
struct ParallelLoads::Load {
  Load(const bpf_program* from, const bpf_prog_load_opts& given)
      : program(from),
        insns(bpf_program__insns(from), bpf_program__insns(from) + bpf_program__insn_cnt(from)),
        func_info(Copy(given.func_info, given.func_info_cnt, given.func_info_rec_size)),
        line_info(Copy(given.line_info, given.line_info_cnt, given.line_info_rec_size)),
        opts(given) {
    opts.func_info = func_info.data();
    opts.line_info = line_info.data();
    opts.log_level = opts.log_size = 0;
    opts.log_buf = nullptr;
  }

  void Run(const std::string& license) noexcept {
    // Signals are for the threads that expect them; one that is pending makes the kernel give up verifying.
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    const bpf_prog_type type = bpf_program__type(program);
    const char* name = bpf_program__name(program);
    fd = UniqueFd(bpf_prog_load(type, name, license.c_str(), insns.data(), insns.size(), &opts));
  }

  const bpf_program* program;
  std::vector<bpf_insn> insns;
  std::vector<uint8_t> func_info;
  std::vector<uint8_t> line_info;
  bpf_prog_load_opts opts;
  UniqueFd fd;
  std::thread thread;
};

void RegisterParallelLoads() {
  static std::once_flag once;
  std::call_once(once, [] {
    for (const auto& [name, type, attach_type, flags] : kSections) {
      LIBBPF_OPTS(libbpf_prog_handler_opts, opts, .cookie = flags, .prog_prepare_load_fn = PrepareLoad);
      libbpf_register_prog_handler(name, type, attach_type, &opts);
    }
  });
}

ParallelLoads::ParallelLoads(const bpf_object* object, std::string license) : license_(std::move(license)) {
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
  if (is_last || opts.fd_array != nullptr) return false;
  try {
    auto load = std::make_unique<Load>(program, opts);
    loads_.reserve(loads_.size() + 1);
    load->thread = std::thread(&Load::Run, load.get(), std::cref(license_));
    loads_.push_back(std::move(load));
    return true;
  } catch (...) {  // no memory, or no thread
    return false;
  }
}

bool ParallelLoads::Finish() {
  current = nullptr;
  for (const auto& load : loads_) {
    if (load->thread.joinable()) load->thread.join();
  }
  return std::all_of(loads_.begin(), loads_.end(), [](const auto& load) { return load->fd.valid(); });
}

int ParallelLoads::FdOf(const bpf_program* program) const {
  const auto is = [program](const auto& load) { return load->program == program; };
  const auto found = std::find_if(loads_.begin(), loads_.end(), is);
  return found == loads_.end() ? bpf_program__fd(program) : (*found)->fd.get();
}

}  // namespace lbt
