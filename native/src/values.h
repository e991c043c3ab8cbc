// What a program's registers and stack hold wherever it comes, as far as that follows from its instructions and from
// memory that never changes.
#ifndef LIBBPF_TS_VALUES_H
#define LIBBPF_TS_VALUES_H

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "code.h"

namespace lbt {

// Maps by the descriptors that instructions name them by, of which the content is known and frozen.
using FrozenMaps = std::map<int, std::vector<uint8_t>>;

constexpr int kStackBytes = 512;

// Where on the stack of its function a step reads or writes, or what it gives away, counted from the lowest byte.
struct StackUse {
  enum Where : uint8_t { kNowhere, kKnown, kAnywhere } where = kNowhere;
  int from = 0;
};

struct FunctionFacts {
  size_t first;
  size_t end;
  bool leaks;  // there may be pointers into its stack that are not known here
};

struct Facts {
  std::vector<bool> reached;
  std::vector<StackUse> stack;           // of each step
  std::vector<FunctionFacts> functions;  // those that are reached
};

// Puts what is known into the steps: numbers for loads and calculations, and jumps for branches.
Facts Fold(Code& code, const FrozenMaps& frozen);

}  // namespace lbt

#endif
