// The programs of one object, verified side by side.
//
// libbpf loads them one after another, and asks the handler of its section before each. The handler takes what libbpf
// has made ready, has a thread load it, and leaves libbpf a program that does nothing in its place. The last one is
// loaded by the thread that called. Where the object fills maps with its programs, libbpf loads all.
#ifndef LIBBPF_TS_PARALLEL_H
#define LIBBPF_TS_PARALLEL_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "code.h"
#include "handle.h"
#include "values.h"

namespace lbt {

// A 64-bit immediate whose first half is the descriptor of a map.
bool NamesMap(const bpf_insn& insn);

// Everything that BPF_PROG_LOAD is given but a log. Copied: libbpf frees its own where a later program is refused.
class ProgramImage {
 public:
  ProgramImage(const bpf_program* program, const bpf_prog_load_opts& opts, std::string license);

  const std::string& name() const noexcept { return name_; }
  std::vector<bpf_insn>& insns() noexcept { return text_.insns; }
  const std::vector<bpf_insn>& insns() const noexcept { return text_.insns; }
  void UseTypes(int btf_fd) noexcept { opts_.prog_btf_fd = static_cast<uint32_t>(btf_fd); }
  // From now on it is loaded as it is over these maps.
  void SpecializeFor(std::shared_ptr<const FrozenMaps> frozen) noexcept { frozen_ = std::move(frozen); }

  // Invalid where the kernel refuses it.
  UniqueFd Load() noexcept;
  // How it was loaded last.
  bool is_specialized() const noexcept { return is_specialized_; }

 private:
  void BindMaps(int fd) const;

  std::string name_;
  std::string license_;
  bpf_prog_type type_;
  ProgramText text_;
  std::shared_ptr<const FrozenMaps> frozen_;  // empty: as it is
  bool is_specialized_ = false;
  bpf_prog_load_opts opts_ = {};
};

// An image while a thread loads it. Its end waits for the thread.
class ThreadedLoad {
 public:
  // `image` must stay as it is while this lives. Throws std::system_error where there is no thread.
  explicit ThreadedLoad(ProgramImage& image);
  ThreadedLoad(const ThreadedLoad&) = delete;
  ThreadedLoad& operator=(const ThreadedLoad&) = delete;
  ~ThreadedLoad() { Wait(); }

  UniqueFd& Wait();

 private:
  UniqueFd fd_;
  std::thread thread_;
};

// Handlers for the sections whose programs load side by side. Process-wide, as libbpf's registry is.
void RegisterParallelLoads();

// While one of these lives, this thread loads `object`, whose programs are chosen already. Its end waits for the threads.
class ParallelLoads {
 public:
  // Programs are specialized for what `frozen` sections have, where they are given.
  ParallelLoads(const bpf_object* object, std::string license, std::optional<std::vector<bpf_map*>> frozen);
  ParallelLoads(const ParallelLoads&) = delete;
  ParallelLoads& operator=(const ParallelLoads&) = delete;
  ~ParallelLoads();

  // Loads the last program, and waits. False where one was refused.
  bool Finish();
  // Of a program after Finish, whoever loaded it; negative where it is not loaded.
  int FdOf(const bpf_program* program);
  // After Finish: none was loaded as it is.
  bool AreSpecialized() const;
  // Of the programs that a handler was asked about, in order.
  const std::list<ProgramImage>& images() const noexcept { return images_; }

  // For the handler: whether libbpf need not load the program.
  bool Take(const bpf_program* program, const bpf_prog_load_opts& opts) noexcept;

 private:
  const std::string license_;
  const std::optional<std::vector<bpf_map*>> sections_;
  std::shared_ptr<const FrozenMaps> frozen_;
  size_t left_ = 0;
  std::list<ProgramImage> images_;
  std::list<std::pair<const bpf_program*, ThreadedLoad>> loads_;
  const bpf_program* last_ = nullptr;  // for the thread that called
  UniqueFd last_fd_;
};

}  // namespace lbt

#endif
