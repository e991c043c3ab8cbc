// The programs of one object, verified side by side.
//
// libbpf loads them one after another, and asks the handler of its section before each. The handler takes what libbpf
// has made ready, has a thread load it, and leaves libbpf a program that does nothing in its place. The last one is
// libbpf's own: it is loaded by the thread that called. Where the object fills maps with its programs, libbpf loads all.
#ifndef LIBBPF_TS_PARALLEL_H
#define LIBBPF_TS_PARALLEL_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <list>
#include <string>
#include <thread>
#include <vector>

#include "handle.h"

namespace lbt {

// Everything that BPF_PROG_LOAD is given but a log. Copied: libbpf frees its own where a later program is refused.
class ProgramImage {
 public:
  ProgramImage(const bpf_program* program, const bpf_prog_load_opts& opts, std::string license);

  const std::string& name() const noexcept { return name_; }
  std::vector<bpf_insn>& insns() noexcept { return insns_; }
  const std::vector<bpf_insn>& insns() const noexcept { return insns_; }
  void UseTypes(int btf_fd) noexcept { opts_.prog_btf_fd = static_cast<uint32_t>(btf_fd); }

  // Invalid where the kernel refuses it.
  UniqueFd Load() const noexcept;

 private:
  std::string name_;
  std::string license_;
  bpf_prog_type type_;
  std::vector<bpf_insn> insns_;
  std::vector<uint8_t> func_info_;
  std::vector<uint8_t> line_info_;
  bpf_prog_load_opts opts_ = {};
};

// An image while a thread loads it. Its end waits for the thread.
class ThreadedLoad {
 public:
  // `image` must stay as it is while this lives. Throws std::system_error where there is no thread.
  explicit ThreadedLoad(const ProgramImage& image);
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
  ParallelLoads(const bpf_object* object, std::string license);
  ParallelLoads(const ParallelLoads&) = delete;
  ParallelLoads& operator=(const ParallelLoads&) = delete;
  ~ParallelLoads();

  // Waits. False where a thread's program was refused.
  bool Finish();
  // Of a program after Finish, by a thread or by libbpf; negative where it is not loaded.
  int FdOf(const bpf_program* program);
  // Of the programs that a handler was asked about, in order.
  const std::list<ProgramImage>& images() const noexcept { return images_; }

  // For the handler: whether a thread has the program now. False leaves it to libbpf.
  bool Take(const bpf_program* program, const bpf_prog_load_opts& opts) noexcept;

 private:
  const std::string license_;
  size_t left_ = 0;
  std::list<ProgramImage> images_;
  std::list<std::pair<const bpf_program*, ThreadedLoad>> loads_;
};

}  // namespace lbt

#endif
