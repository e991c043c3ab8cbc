#include "code.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <set>
#include <utility>

namespace lbt {
namespace {

constexpr uint8_t kOperation = 0xf0;
constexpr size_t kNone = std::numeric_limits<size_t>::max();

size_t NumberAt(const Records& records, size_t record) {
  uint32_t number;
  memcpy(&number, &records.bytes[record * records.size], sizeof number);
  return number;
}

void AddRecord(Records& to, const Records& from, size_t record, size_t insn) {
  const auto begin = from.bytes.begin() + static_cast<ptrdiff_t>(record * from.size);
  to.bytes.insert(to.bytes.end(), begin, begin + from.size);
  const auto number = static_cast<uint32_t>(insn);
  memcpy(&to.bytes[to.bytes.size() - to.size], &number, sizeof number);
}

bool IsKnown(const Step& step) {
  if (step.insn.dst_reg > BPF_REG_10 || step.insn.src_reg > BPF_REG_10) return false;
  const bool is_call_or_exit = step.operation() == BPF_CALL || step.operation() == BPF_EXIT;
  switch (step.type()) {
    case BPF_LD:
      return step.IsWide() && step.insn.src_reg != BPF_PSEUDO_FUNC;
    case BPF_LDX:
      return BPF_MODE(step.insn.code) == BPF_MEM;
    case BPF_ST:
      return BPF_MODE(step.insn.code) == BPF_MEM;
    case BPF_STX:
      return BPF_MODE(step.insn.code) == BPF_MEM || step.IsAtomic();
    case BPF_JMP32:
      return step.IsBranch() && step.operation() <= BPF_JSLE && !is_call_or_exit;
    case BPF_JMP:
      return step.operation() <= BPF_JSLE && is_call_or_exit == (step.IsCall() || step.IsExit());
    default:
      // Moves that extend signs, and division of signed numbers, have an offset.
      return step.insn.off == 0;
  }
}

// Of the two comparisons, one holds where the other does not.
constexpr uint8_t kOpposites[][2] = {
    {BPF_JEQ, BPF_JNE}, {BPF_JGT, BPF_JLE}, {BPF_JGE, BPF_JLT}, {BPF_JSGT, BPF_JSLE}, {BPF_JSGE, BPF_JSLT},
};

// 0 where there is none.
uint8_t Opposite(uint8_t operation) {
  for (const auto& [one, other] : kOpposites) {
    if (operation == one) return other;
    if (operation == other) return one;
  }
  return 0;
}

const Step kJump = {.insn = {.code = BPF_JMP | BPF_JA, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0}};

// What stands where in the new program: a step, or a jump of its own.
struct Place {
  size_t step;    // kNone: a jump
  size_t target;  // of a jump, a branch or a call
  size_t line;
  bool is_turned = false;  // the branch asks for the opposite
};

// Lays functions out: each step is followed by the one that comes after it, or that it goes to; what is rare comes last.
class Layout {
 public:
  Layout(const Code& code, const std::vector<bool>& kept) : code_(code), kept_(kept), at_(code.steps.size(), kNone) {}

  // One after another, those that are called by others before.
  void AddFunctions(size_t first) {
    called_ = {first};
    for (size_t i = 0; i < called_.size(); i++) AddFunction(called_[i]);
  }

  // False where a loop has no step.
  bool is_whole() const noexcept { return is_whole_; }
  const std::vector<Place>& places() const noexcept { return places_; }
  // The number of the place that a step has.
  size_t At(size_t step) const noexcept { return at_[code_.Resolve(step, kept_)]; }
  // Of the steps that functions begin with, in the order of their places.
  const std::vector<size_t>& functions() const noexcept { return called_; }

 private:
  void AddFunction(size_t entry) {
    waiting_ = {entry};
    while (!waiting_.empty() || !rare_.empty()) {
      std::set<size_t>& next = waiting_.empty() ? rare_ : waiting_;
      const size_t first = code_.Resolve(*next.begin(), kept_);
      next.erase(next.begin());
      AddChain(first);
    }
  }

  void AddChain(size_t step) {
    size_t line = kNone;
    for (; step < code_.steps.size() && at_[step] == kNone; step = code_.Resolve(step, kept_)) {
      const Step& next = code_.steps[step];
      Place place = {.step = step, .target = next.target, .line = next.line};
      line = next.line;
      size_t after = step + 1;
      if (next.IsBranch()) {
        place.is_turned = ShouldTurn(step);
        if (place.is_turned) std::swap(place.target, after);
        (IsRare(place.target) ? rare_ : waiting_).insert(place.target);
      }
      if (next.IsFunctionCall() && !Contains(called_, next.target)) called_.push_back(next.target);
      at_[step] = places_.size();
      places_.push_back(place);
      if (next.IsExit()) return;
      step = after;
    }
    if (step >= code_.steps.size()) is_whole_ = false;
    if (line != kNone) places_.push_back({.step = kNone, .target = step, .line = line});
  }

  // Where what follows a branch is rare, or only jumps over what the branch leads to: clang does not turn branches.
  bool ShouldTurn(size_t at) const {
    const Step& branch = code_.steps[at];
    if (Opposite(branch.operation()) == 0) return false;
    if (IsRare(at + 1)) return !IsRare(branch.target);
    const size_t jump = NextKept(at + 1);
    return jump < kept_.size() && code_.steps[jump].IsGoto() && NextKept(jump + 1) == NextKept(branch.target);
  }

  // Is there a mark before anything branches off?
  bool IsRare(size_t at) const {
    while (at < code_.steps.size() && !code_.steps[at].IsJump() && !code_.steps[at].is_mark) at++;
    return at < code_.steps.size() && code_.steps[at].is_mark;
  }

  size_t NextKept(size_t at) const {
    while (at < kept_.size() && !kept_[at]) at++;
    return at;
  }

  static bool Contains(const std::vector<size_t>& all, size_t one) {
    return std::find(all.begin(), all.end(), one) != all.end();
  }

  const Code& code_;
  const std::vector<bool>& kept_;
  std::vector<size_t> at_;
  std::vector<Place> places_;
  std::vector<size_t> called_;
  std::set<size_t> waiting_, rare_;
  bool is_whole_ = true;
};

// Writes what was laid out, with the records of the text that it comes from.
class Assembly {
 public:
  Assembly(const Code& code, const Layout& layout, const ProgramText& text)
      : code_(code), layout_(layout), text_(text) {
    made_.functions.size = text.functions.size;
    made_.lines.size = text.lines.size;
    size_t count = 0;
    for (const Place& place : layout.places()) {
      insn_of_.push_back(count);
      count += place.step != kNone && code.steps[place.step].IsWide() ? 2 : 1;
    }
  }

  // Empty where a jump would be too long.
  std::optional<ProgramText> Make() {
    for (size_t place = 0; place < insn_of_.size(); place++) {
      AddRecords(place);
      if (!AddInsn(place)) return std::nullopt;
    }
    return std::move(made_);
  }

 private:
  void AddRecords(size_t place) {
    const std::vector<size_t>& functions = layout_.functions();
    const bool begins = function_ < functions.size() && layout_.At(functions[function_]) == place;
    if (begins && text_.functions.count() > 0) {
      const auto record = std::find(code_.entries.begin(), code_.entries.end(), functions[function_]);
      AddRecord(made_.functions, text_.functions, static_cast<size_t>(record - code_.entries.begin()), insn_of_[place]);
    }
    const size_t line = layout_.places()[place].line;
    if (text_.lines.count() > 0 && (begins || line != line_)) AddRecord(made_.lines, text_.lines, line, insn_of_[place]);
    line_ = line;
    if (begins) function_++;
  }

  bool AddInsn(size_t at) {
    const Place& place = layout_.places()[at];
    const Step& step = place.step == kNone ? kJump : code_.steps[place.step];
    bpf_insn insn = step.insn;
    if (place.is_turned) insn.code = static_cast<uint8_t>((insn.code & ~kOperation) | Opposite(step.operation()));
    if (step.Leads()) {
      const size_t target = insn_of_[layout_.At(place.target)];
      const ptrdiff_t distance = static_cast<ptrdiff_t>(target) - static_cast<ptrdiff_t>(insn_of_[at]) - 1;
      if (step.IsFunctionCall()) {
        insn.imm = static_cast<int32_t>(distance);
      } else {
        insn.off = static_cast<int16_t>(distance);
        if (insn.off != distance) return false;
      }
    }
    made_.insns.push_back(insn);
    if (step.IsWide()) made_.insns.push_back({.code = 0, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = step.high});
    return true;
  }

  const Code& code_;
  const Layout& layout_;
  const ProgramText& text_;
  std::vector<size_t> insn_of_;  // of each place
  size_t function_ = 0;          // the next one
  size_t line_ = kNone;          // of the place before
  ProgramText made_;
};

}  // namespace

int Step::Width() const noexcept {
  switch (BPF_SIZE(insn.code)) {
    case BPF_B:
      return 1;
    case BPF_H:
      return 2;
    case BPF_W:
      return 4;
    default:
      return 8;
  }
}

uint32_t RegistersRead(const Step& step) noexcept {
  const uint32_t dst = 1U << step.insn.dst_reg, src = 1U << step.insn.src_reg;
  if (step.IsArithmetic()) {
    const bool has_source = step.HasSource() && step.operation() != BPF_END && step.operation() != BPF_NEG;
    return (step.operation() == BPF_MOV ? 0 : dst) | (has_source ? src : 0);
  }
  if (step.IsWide()) return 0;
  if (step.IsLoad()) return src;
  if (step.IsAtomic()) return dst | src | 1U << BPF_REG_0;
  if (step.type() == BPF_ST) return dst;
  if (step.IsStore()) return dst | src;
  if (step.IsExit()) return 1U << BPF_REG_0;
  if (step.IsGoto()) return 0;
  if (!step.IsCall()) return dst | (step.HasSource() ? src : 0);
  // The arguments. Of the helpers that stand in the way of nearly every packet, no more than they have.
  constexpr uint32_t kArguments = 0b111110;
  const bool is_helper = step.insn.src_reg == 0;
  if (is_helper && step.insn.imm == BPF_FUNC_map_lookup_elem) return 0b110;
  if (is_helper && step.insn.imm == BPF_FUNC_tail_call) return 0b1110;
  if (is_helper && step.insn.imm == BPF_FUNC_jiffies64) return 0;
  return kArguments;
}

uint32_t RegistersWritten(const Step& step) noexcept {
  if (step.IsArithmetic() || step.IsWide() || step.IsLoad()) return 1U << step.insn.dst_reg;
  if (step.IsCall()) return 0b111111;
  // An atomic operation may put what it found into its source or r0.
  return step.IsAtomic() ? 1U << step.insn.src_reg | 1U << BPF_REG_0 : 0;
}

std::optional<Code> Code::Of(const ProgramText& text) {
  const size_t count = text.insns.size();
  if (count == 0 || count > std::numeric_limits<int32_t>::max()) return std::nullopt;
  Code code;
  code.steps.reserve(count);
  std::vector<size_t> step_of(count, kNone);
  std::vector<bool> is_entry(count);
  is_entry[0] = true;
  uint32_t line = 0;
  for (size_t insn = 0; insn < count; insn++) {
    while (line + 1 < text.lines.count() && NumberAt(text.lines, line + 1) <= insn) line++;
    step_of[insn] = code.steps.size();
    Step& step = code.steps.emplace_back(Step{.insn = text.insns[insn], .line = line});
    if (!IsKnown(step)) return std::nullopt;
    step.is_mark = step.insn.code == (BPF_ALU64 | BPF_MOV | BPF_X) && step.insn.dst_reg == step.insn.src_reg;
    if (step.IsWide()) {
      if (++insn >= count) return std::nullopt;
      step.high = text.insns[insn].imm;
    } else if (step.Leads()) {
      const int32_t distance = step.IsFunctionCall() ? step.insn.imm : step.insn.off;
      const int64_t target = static_cast<int64_t>(insn) + 1 + distance;
      if (target < 0 || target >= static_cast<int64_t>(count)) return std::nullopt;
      step.target = static_cast<uint32_t>(target);
      if (step.IsFunctionCall()) is_entry[step.target] = true;
    }
  }
  for (Step& step : code.steps) {
    if (!step.Leads()) continue;
    if (step_of[step.target] == kNone) return std::nullopt;
    step.target = static_cast<uint32_t>(step_of[step.target]);
  }
  for (size_t insn = 0; insn < count; insn++) {
    if (is_entry[insn]) code.entries.push_back(step_of[insn]);
  }
  for (size_t i = 0; i < text.functions.count(); i++) {
    const size_t insn = NumberAt(text.functions, i);
    if (i >= code.entries.size() || insn >= count || step_of[insn] != code.entries[i]) return std::nullopt;
  }
  if (text.functions.count() > 0 && text.functions.count() != code.entries.size()) return std::nullopt;
  return code.AreFunctionsWhole() ? std::optional(std::move(code)) : std::nullopt;
}

bool Code::AreFunctionsWhole() const noexcept {
  for (size_t i = 0; i < entries.size(); i++) {
    const size_t end = EndOf(i);
    if (!steps[end - 1].IsExit() && !steps[end - 1].IsGoto()) return false;
    for (size_t at = entries[i]; at < end; at++) {
      const Step& step = steps[at];
      if (step.Leads() && !step.IsFunctionCall() && (step.target < entries[i] || step.target >= end)) return false;
    }
  }
  return true;
}

size_t Code::Resolve(size_t step, const std::vector<bool>& kept) const noexcept {
  for (size_t tries = 0; tries < steps.size() && step < steps.size(); tries++) {
    if (kept[step] && !steps[step].IsGoto()) return step;
    step = kept[step] ? steps[step].target : step + 1;
  }
  return steps.size();
}

std::optional<ProgramText> Code::Assemble(const std::vector<bool>& kept, const ProgramText& text) const {
  Layout layout(*this, kept);
  layout.AddFunctions(entries.front());
  return layout.is_whole() ? Assembly(*this, layout, text).Make() : std::nullopt;
}

}  // namespace lbt
