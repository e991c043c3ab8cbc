// What loadObject is asked for and what it makes, without JavaScript.
#ifndef LIBBPF_TS_LOAD_H
#define LIBBPF_TS_LOAD_H

#include <bpf/libbpf.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "handle.h"

namespace lbt {

// The options, copied: no JavaScript runs after they are read.
struct Plan {
  std::string digest;  // of the object's bytes
  std::optional<std::string> name;
  std::vector<std::pair<std::string, std::vector<uint8_t>>> rodata;
  std::vector<std::pair<std::string, UniqueFd>> maps;
  std::vector<std::pair<std::string, uint32_t>> max_entries;
  std::optional<std::vector<std::string>> programs;
  uint32_t log_level = 0;
  bool specialize = false;
};

// By the names that maps have before any is replaced: replacing renames.
using MapNames = std::vector<std::pair<bpf_map*, std::string>>;

struct LoadedSeeds {
  std::vector<std::pair<std::string, Seed>> maps;
  std::vector<std::pair<std::string, Seed>> programs;
  std::string log;
  bool are_specialized = false;
};

}  // namespace lbt

#endif
