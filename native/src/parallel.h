// The programs of one object, verified side by side.
//
// libbpf loads them one after another, and asks the handler of its section before each. The handler takes what libbpf
// has made ready, has a thread load it, and leaves libbpf a program that does nothing in its place. The last one is
// libbpf's own: it is loaded by the thread that called.
#ifndef LIBBPF_TS_PARALLEL_H
#define LIBBPF_TS_PARALLEL_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "handle.h"

namespace lbt {

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
  int FdOf(const bpf_program* program) const;

  // For the handler: whether a thread has the program now. False leaves it to libbpf.
  bool Take(const bpf_program* program, const bpf_prog_load_opts& opts) noexcept;

 private:
  struct Load;

  const std::string license_;
  size_t left_ = 0;
  std::vector<std::unique_ptr<Load>> loads_;
};

}  // namespace lbt

#endif
