#include "unused.h"

#include <bitset>

namespace lbt {
namespace {

// The stack in words of four bytes.
constexpr size_t kWordBytes = 4;
using StackWords = std::bitset<kStackBytes / kWordBytes>;

// What will be read before it is written.
struct Live {
  uint32_t registers = 0;
  StackWords stack;

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

  // The words of its stack that a step touches: one that gives the stack to a helper, all from there on.
  StackWords Words(size_t at) const {
    const StackUse use = facts_.stack[at];
    if (use.where == StackUse::kNowhere) return {};
    if (use.where == StackUse::kAnywhere) return StackWords().set();
    const Step& step = code_.steps[at];
    StackWords words = StackWords().set() << static_cast<size_t>(use.from) / kWordBytes;
    if (step.IsMemory()) {
      const size_t end = (static_cast<size_t>(use.from + step.Width()) + kWordBytes - 1) / kWordBytes;
      words &= ~(StackWords().set() << end);
    }
    return words;
  }

  // Is nothing left of what was in the words?
  bool Overwrites(size_t at) const {
    const Step& step = code_.steps[at];
    const StackUse use = facts_.stack[at];
    const bool is_whole = static_cast<size_t>(use.from) % kWordBytes == 0 && static_cast<size_t>(step.Width()) % kWordBytes == 0;
    return step.IsStore() && use.where == StackUse::kKnown && is_whole;
  }

  bool IsNeeded(size_t at, const Live& after) const {
    const Step& step = code_.steps[at];
    if (step.IsJump() || step.IsAtomic()) return true;
    if (!step.IsStore()) return (RegistersWritten(step) & after.registers) != 0;
    return facts_.stack[at].where != StackUse::kKnown || function_.leaks || (Words(at) & after.stack).any();
  }

  // False where nothing changed.
  bool Update(size_t at) {
    Live live = After(at);
    const Step& step = code_.steps[at];
    if (IsNeeded(at, live)) {
      live.registers = (live.registers & ~RegistersWritten(step)) | RegistersRead(step);
      if (Overwrites(at)) live.stack &= ~Words(at);
      if (!step.IsStore() && facts_.stack[at].where != StackUse::kNowhere) live.stack |= Words(at);
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
