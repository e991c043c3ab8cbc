#include "unused.h"

#include <bitset>

namespace lbt {
namespace {

// What will be read before it is written.
struct Live {
  uint32_t registers = 0;
  std::bitset<kStackBytes> stack;

  bool operator==(const Live&) const = default;
};

class Liveness {
 public:
  Liveness(const Code& code, const Facts& facts, const FunctionFacts& function)
      : code_(code), facts_(facts), function_(function), live_(function.end - function.first) {
    for (size_t at = function.first; at < function.end; at++) {
      if (facts.reached[at]) reached_.push_back(at);
    }
  }

  void Run() {
    // From nothing on: what only a step without use reads has none either.
    bool is_changed = true;
    while (is_changed) {
      is_changed = false;
      for (auto at = reached_.rbegin(); at != reached_.rend(); ++at) is_changed |= Update(*at);
    }
  }

  void Write(std::vector<bool>& needed) const {
    for (const size_t at : reached_) needed[at] = IsNeeded(at, After(at));
  }

 private:
  Live After(size_t at) const {
    const Step& step = code_.steps[at];
    if (step.IsExit()) return {};
    if (step.IsGoto()) return LiveAt(step.target);
    Live live = LiveAt(at + 1);
    if (step.IsBranch()) {
      const Live& other = LiveAt(step.target);
      live.registers |= other.registers;
      live.stack |= other.stack;
    }
    return live;
  }

  const Live& LiveAt(size_t at) const { return live_[at - function_.first]; }

  // The bytes of its stack that a step reads or writes: one that gives the stack to a call, all from there on.
  std::bitset<kStackBytes> Bytes(size_t at) const {
    const StackUse use = facts_.stack[at];
    std::bitset<kStackBytes> bytes;
    if (use.where == StackUse::kAnywhere) return bytes.set();
    if (use.where == StackUse::kNowhere) return bytes;
    const Step& step = code_.steps[at];
    bytes.set();
    bytes <<= static_cast<size_t>(use.from);
    if (step.IsMemory()) bytes &= ~(std::bitset<kStackBytes>().set() << static_cast<size_t>(use.from + step.Width()));
    return bytes;
  }

  bool IsNeeded(size_t at, const Live& after) const {
    const Step& step = code_.steps[at];
    if (step.IsJump() || step.IsAtomic()) return true;
    if (!step.IsStore()) return (RegistersWritten(step) & after.registers) != 0;
    return facts_.stack[at].where != StackUse::kKnown || function_.leaks || (Bytes(at) & after.stack).any();
  }

  // False where nothing changed.
  bool Update(size_t at) {
    Live live = After(at);
    const Step& step = code_.steps[at];
    if (IsNeeded(at, live)) {
      live.registers = (live.registers & ~RegistersWritten(step)) | RegistersRead(step);
      const StackUse::Where where = facts_.stack[at].where;
      if (where != StackUse::kNowhere && !step.IsStore()) live.stack |= Bytes(at);
      if (where == StackUse::kKnown && step.IsStore()) live.stack &= ~Bytes(at);
    }
    Live& known = live_[at - function_.first];
    if (live == known) return false;
    known = live;
    return true;
  }

  const Code& code_;
  const Facts& facts_;
  const FunctionFacts& function_;
  std::vector<Live> live_;  // before each step
  std::vector<size_t> reached_;
};

}  // namespace

std::vector<bool> FindNeeded(const Code& code, const Facts& facts) {
  std::vector<bool> needed(code.steps.size());
  for (const FunctionFacts& function : facts.functions) {
    Liveness liveness(code, facts, function);
    liveness.Run();
    liveness.Write(needed);
  }
  return needed;
}

}  // namespace lbt
