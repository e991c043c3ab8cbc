#include "specialize.h"

#include "unused.h"

namespace lbt {
namespace {

// Branches that go on in the same place either way need not compare. False where there are none.
bool DropBranches(Code& code, const std::vector<bool>& needed) {
  bool is_dropped = false;
  for (size_t at = 0; at < code.steps.size(); at++) {
    Step& step = code.steps[at];
    if (!needed[at] || !step.IsBranch() || code.Resolve(step.target, needed) != code.Resolve(at + 1, needed)) continue;
    step.insn = {.code = BPF_JMP | BPF_JA, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0};
    is_dropped = true;
  }
  return is_dropped;
}

}  // namespace

std::optional<ProgramText> Specialize(const ProgramText& text, const FrozenMaps& frozen) {
  std::optional<Code> code = Code::Of(text);
  if (!code) return std::nullopt;
  const Facts facts = Fold(*code, frozen);
  std::vector<bool> needed = FindNeeded(*code, facts);
  while (DropBranches(*code, needed)) needed = FindNeeded(*code, facts);
  return code->Assemble(needed, text);
}

}  // namespace lbt
