#include "values.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <deque>
#include <limits>
#include <memory>
#include <set>

namespace lbt {
namespace {

constexpr int kRegisters = 11;
constexpr int kCellBytes = 4;
constexpr int kCells = kStackBytes / kCellBytes;

struct Value {
  enum Kind : uint8_t {
    kAnything,    // but a pointer into the stack
    kNumber,
    kMap,         // a place in a map's memory
    kNotZero,
    kStack,       // a place on the stack of this function
    kSomeStack,   // perhaps a pointer into the stack
  } kind = kAnything;
  int map = -1;
  uint64_t number = 0;  // or the distance from where the map, or the stack, begins

  bool operator==(const Value&) const = default;
  bool IsNumber() const noexcept { return kind == kNumber; }
  bool IsStack() const noexcept { return kind == kStack || kind == kSomeStack; }
  bool IsNotZero() const noexcept {
    return kind == kMap || kind == kNotZero || kind == kStack || (kind == kNumber && number != 0);
  }
};

Value Number(uint64_t number) { return {.kind = Value::kNumber, .number = number}; }

// What it is where it is one or the other.
Value Either(const Value& a, const Value& b) {
  if (a == b) return a;
  if (a.IsStack() || b.IsStack()) return {.kind = Value::kSomeStack};
  return {.kind = a.IsNotZero() && b.IsNotZero() ? Value::kNotZero : Value::kAnything};
}

// What was stored at a place of the stack, in one piece.
struct Cell {
  uint8_t width = 0;     // 0: not known
  uint32_t copies = 0;  // registers that still hold it, as bits
  Value value;

  bool operator==(const Cell&) const = default;
};

// What it holds where it is one or the other.
Cell Either(const Cell& a, const Cell& b) {
  if (a == b) return a;
  if (a.width != b.width) return {};
  return {.width = a.width, .copies = a.copies & b.copies, .value = Either(a.value, b.value)};
}

struct State {
  std::array<Value, kRegisters> registers;
  std::array<Cell, kCells> cells;
  uint32_t copied = 0;  // registers that any cell may name as a copy

  // False where nothing changed.
  bool Join(const State& other) {
    bool is_changed = false;
    for (int i = 0; i < kRegisters; i++) {
      const Value joined = Either(registers[i], other.registers[i]);
      is_changed |= joined != registers[i];
      registers[i] = joined;
    }
    copied |= other.copied;
    for (int i = 0; i < kCells; i++) {
      if (cells[i].width == 0) continue;
      const Cell joined = Either(cells[i], other.cells[i]);
      is_changed |= joined != cells[i];
      cells[i] = joined;
    }
    return is_changed;
  }
};

// As the processor calculates. Empty for what is not calculated here.
std::optional<uint64_t> Calculate(const Step& step, uint64_t a, uint64_t b) {
  const bool is_long = step.type() == BPF_ALU64;
  if (!is_long) {
    a = static_cast<uint32_t>(a);
    b = static_cast<uint32_t>(b);
  }
  const uint64_t distance = b & (is_long ? 63 : 31);
  uint64_t result;
  switch (step.operation()) {
    case BPF_ADD:
      result = a + b;
      break;
    case BPF_SUB:
      result = a - b;
      break;
    case BPF_MUL:
      result = a * b;
      break;
    case BPF_OR:
      result = a | b;
      break;
    case BPF_AND:
      result = a & b;
      break;
    case BPF_XOR:
      result = a ^ b;
      break;
    case BPF_LSH:
      result = a << distance;
      break;
    case BPF_RSH:
      result = a >> distance;
      break;
    case BPF_MOV:
      result = b;
      break;
    default:
      return std::nullopt;
  }
  return is_long ? result : static_cast<uint32_t>(result);
}

bool Compare(uint8_t operation, uint64_t a, uint64_t b, int64_t signed_a, int64_t signed_b) {
  switch (operation) {
    case BPF_JEQ:
      return a == b;
    case BPF_JNE:
      return a != b;
    case BPF_JGT:
      return a > b;
    case BPF_JGE:
      return a >= b;
    case BPF_JLT:
      return a < b;
    case BPF_JLE:
      return a <= b;
    case BPF_JSET:
      return (a & b) != 0;
    case BPF_JSGT:
      return signed_a > signed_b;
    case BPF_JSGE:
      return signed_a >= signed_b;
    case BPF_JSLT:
      return signed_a < signed_b;
    default:
      return signed_a <= signed_b;
  }
}

uint64_t Extended(int32_t immediate) { return static_cast<uint64_t>(static_cast<int64_t>(immediate)); }

bool IsOnStack(uint64_t from, int width) { return from < kStackBytes && kStackBytes - from >= static_cast<uint64_t>(width); }

// One function: what its steps do to what is known.
class Folding {
 public:
  Folding(Code& code, const FrozenMaps& frozen, const FunctionFacts& function)
      : code_(code),
        frozen_(frozen),
        first_(function.first),
        entry_states_(function.end - function.first),
        is_joint_(function.end - function.first),
        leaks_(function.leaks) {
    for (size_t at = function.first; at < function.end; at++) {
      const Step& step = code.steps[at];
      if (step.IsBranch() || step.IsGoto()) is_joint_[step.target - first_] = true;
    }
  }

  void Run() {
    State start;
    start.registers[BPF_REG_10] = {.kind = Value::kStack, .number = kStackBytes};
    Reach(first_, start);
    while (!waiting_.empty()) {
      const size_t step = waiting_.front();
      waiting_.pop_front();
      const auto pass = [](size_t, const State&) {};
      Follow(step, *entry_states_[step - first_], pass, [this](size_t next, const State& state) { Reach(next, state); });
    }
  }

  // Pointers into the stack were put where they are not followed.
  bool leaks() const noexcept { return leaks_; }

  // Writes what is known into the steps.
  void Write(Facts& facts) {
    std::vector<std::pair<size_t, Step>> folded;
    const auto note = [&](size_t at, const State& state) {
      facts.reached[at] = true;
      facts.stack[at] = UseOf(code_.steps[at], state);
      folded.emplace_back(at, Folded(at, state));
    };
    for (size_t i = 0; i < entry_states_.size(); i++) {
      if (entry_states_[i] != nullptr) Follow(first_ + i, *entry_states_[i], note, [](size_t, const State&) {});
    }
    for (const auto& [at, step] : folded) code_.steps[at] = step;
  }

 private:
  void Reach(size_t step, const State& state) {
    std::unique_ptr<State>& known = entry_states_[step - first_];
    const bool is_new = known == nullptr;
    if (is_new) known = std::make_unique<State>(state);
    if (is_new || known->Join(state)) waiting_.push_back(step);
  }

  // From a step on to the next ones that have a state of their own. `pass` is told the state before each step.
  template <typename Pass, typename Next>
  void Follow(size_t at, State state, const Pass& pass, const Next& next) {
    while (true) {
      const Step& step = code_.steps[at];
      pass(at, state);
      if (step.IsExit()) return;
      if (step.IsGoto()) return next(step.target, state);
      if (step.IsBranch()) {
        const std::optional<bool> is_taken = IsTaken(step, state);
        if (is_taken.value_or(true)) next(step.target, state);
        if (!is_taken.value_or(false)) next(at + 1, state);
        return;
      }
      Apply(step, state);
      at++;
      if (is_joint_[at - first_]) return next(at, state);
    }
  }

  Value Operand(const Step& step, const State& state) const {
    return step.HasSource() ? state.registers[step.insn.src_reg] : Number(Extended(step.insn.imm));
  }

  std::optional<bool> IsTaken(const Step& step, const State& state) const {
    const Value& a = state.registers[step.insn.dst_reg];
    const Value b = Operand(step, state);
    const bool is_long = step.type() == BPF_JMP;
    if (is_long && a.IsNotZero() && b == Number(0)) {
      if (step.operation() == BPF_JEQ) return false;
      if (step.operation() == BPF_JNE) return true;
    }
    if (!a.IsNumber() || !b.IsNumber()) return std::nullopt;
    if (is_long) {
      return Compare(step.operation(), a.number, b.number, static_cast<int64_t>(a.number), static_cast<int64_t>(b.number));
    }
    const auto low_a = static_cast<uint32_t>(a.number), low_b = static_cast<uint32_t>(b.number);
    return Compare(step.operation(), low_a, low_b, static_cast<int32_t>(low_a), static_cast<int32_t>(low_b));
  }

  Value Calculated(const Step& step, const State& state) const {
    const Value& a = state.registers[step.insn.dst_reg];
    const Value b = Operand(step, state);
    const bool is_long = step.type() == BPF_ALU64;
    if (step.operation() == BPF_MOV && is_long) return b;
    if (step.operation() != BPF_END && step.operation() != BPF_NEG && b.IsNumber() &&
        (step.operation() == BPF_MOV || a.IsNumber())) {
      if (const auto result = Calculate(step, a.number, b.number)) return Number(*result);
    }
    const bool is_place = a.kind == Value::kMap || a.kind == Value::kStack;
    if (is_long && is_place && b.IsNumber() && (step.operation() == BPF_ADD || step.operation() == BPF_SUB)) {
      Value moved = a;
      moved.number += step.operation() == BPF_ADD ? b.number : -b.number;
      return moved;
    }
    return {.kind = a.IsStack() || b.IsStack() ? Value::kSomeStack : Value::kAnything};
  }

  Value Loaded(const Step& step, const State& state) const {
    Value place = state.registers[step.insn.src_reg];
    place.number += static_cast<uint64_t>(static_cast<int64_t>(step.insn.off));
    const auto width = static_cast<size_t>(step.Width());
    if (place.kind == Value::kMap) {
      const auto map = frozen_.find(place.map);
      if (map == frozen_.end() || place.number > map->second.size() || map->second.size() - place.number < width) return {};
      uint64_t number = 0;
      static_assert(std::endian::native == std::endian::little);
      memcpy(&number, map->second.data() + place.number, width);
      return Number(number);
    }
    const int cell = LoadedCell(step, state);
    return cell < 0 ? Value{} : state.cells[static_cast<size_t>(cell)].value;
  }

  // The cell that a step loads whole, or -1.
  static int LoadedCell(const Step& step, const State& state) {
    const Value& base = state.registers[step.Base()];
    const uint64_t place = base.number + static_cast<uint64_t>(static_cast<int64_t>(step.insn.off));
    if (!step.IsLoad() || base.kind != Value::kStack || place >= kStackBytes || place % kCellBytes != 0) return -1;
    const auto cell = static_cast<int>(place / kCellBytes);
    return state.cells[cell].width == step.Width() ? cell : -1;
  }

  // What is written there is not known any more.
  static void Forget(State& state, uint64_t from, uint64_t width) {
    for (uint64_t cell = 0; cell < kCells; cell++) {
      const uint64_t begin = cell * kCellBytes;
      const auto end = begin + static_cast<uint64_t>(state.cells[cell].width);
      if (begin < from + width && from < end) state.cells[cell] = {};
    }
  }

  void Store(const Step& step, State& state) {
    Value place = state.registers[step.insn.dst_reg];
    place.number += static_cast<uint64_t>(static_cast<int64_t>(step.insn.off));
    const Value stored =
        step.type() == BPF_ST ? Number(Extended(step.insn.imm)) : state.registers[step.insn.src_reg];
    const int width = step.Width();
    if (stored.IsStack()) leaks_ = true;
    if (!place.IsStack()) return;
    if (step.IsAtomic() || place.kind == Value::kSomeStack) {
      state.cells = {};
      return;
    }
    Forget(state, place.number, static_cast<uint64_t>(width));
    const bool is_cell = place.number % kCellBytes == 0 && width >= kCellBytes && IsOnStack(place.number, width);
    if (!is_cell || leaks_) return;
    Cell& cell = state.cells[place.number / kCellBytes];
    cell.width = static_cast<uint8_t>(width);
    cell.copies = step.type() == BPF_STX ? 1U << step.insn.src_reg : 0;
    state.copied |= cell.copies;
    if (width > kCellBytes) cell.value = stored;
    if (width == kCellBytes && stored.IsNumber()) cell.value = Number(static_cast<uint32_t>(stored.number));
  }

  // What is then in the register that the step writes.
  Value Result(const Step& step, const State& state) const {
    if (step.IsArithmetic()) return Calculated(step, state);
    if (step.IsLoad()) return Loaded(step, state);
    return step.IsWide() ? Wide(step) : Value{};
  }

  void Apply(const Step& step, State& state) {
    const Value result = Result(step, state);
    const int loaded = LoadedCell(step, state);
    const uint32_t written = RegistersWritten(step);
    if (step.IsStore() || step.IsAtomic()) Store(step, state);
    if (step.IsCall() && StackGiven(state).where != StackUse::kNowhere && !OnlyReads(step)) state.cells = {};
    if (written == 0) return;
    for (int i = 0; i < kRegisters; i++) {
      if ((written & 1U << i) != 0) state.registers[i] = result;
    }
    if ((state.copied & written) != 0) {
      for (Cell& cell : state.cells) cell.copies &= ~written;
    }
    state.copied &= ~written;
    if (loaded >= 0) {
      state.cells[static_cast<size_t>(loaded)].copies |= written;
      state.copied |= written;
    }
  }

  static bool OnlyReads(const Step& step) {
    return step.insn.src_reg == 0 && step.insn.imm == BPF_FUNC_map_lookup_elem;
  }

  static Value Wide(const Step& step) {
    const auto low = static_cast<uint32_t>(step.insn.imm), high = static_cast<uint32_t>(step.high);
    switch (step.insn.src_reg) {
      case 0:
        return Number(static_cast<uint64_t>(high) << 32 | low);
      case BPF_PSEUDO_MAP_VALUE:
        return {.kind = Value::kMap, .map = step.insn.imm, .number = high};
      default:
        return {.kind = Value::kNotZero};
    }
  }

  static StackUse StackGiven(const State& state) {
    StackUse use;
    for (int i = BPF_REG_1; i <= BPF_REG_5; i++) {
      const Value& value = state.registers[i];
      if (value.kind == Value::kSomeStack) return {.where = StackUse::kAnywhere};
      if (value.kind != Value::kStack) continue;
      const int from = static_cast<int>(std::min<uint64_t>(value.number, kStackBytes));
      use = {.where = StackUse::kKnown, .from = use.where == StackUse::kKnown ? std::min(use.from, from) : from};
    }
    return use;
  }

  static StackUse UseOf(const Step& step, const State& state) {
    const StackUse given = step.IsCall() ? StackGiven(state) : StackUse{};
    // A function may go back from where it is pointed to; a helper reads from there on.
    if (step.IsFunctionCall() && given.where == StackUse::kKnown) return {.where = StackUse::kAnywhere};
    if (step.IsCall()) return given;
    const Value& base = state.registers[step.Base()];
    if (!step.IsMemory() || !base.IsStack()) return {};
    const uint64_t from = base.number + static_cast<uint64_t>(static_cast<int64_t>(step.insn.off));
    if (base.kind == Value::kSomeStack || !IsOnStack(from, step.Width())) return {.where = StackUse::kAnywhere};
    return {.where = StackUse::kKnown, .from = static_cast<int>(from)};
  }

  // The step with what is known in it, now that all states are final.
  Step Folded(size_t at, const State& state) const {
    Step folded = code_.steps[at];
    if (folded.IsBranch()) {
      FoldBranch(folded, state, at);
    } else if (folded.IsArithmetic() || folded.IsLoad() || folded.IsWide()) {
      const Value result = Result(folded, state);
      if (result.IsNumber() && PutNumber(folded, result.number)) return folded;
      FoldOperand(folded, state);
      PutCopy(folded, state, at);
    }
    return folded;
  }

  static bool PutNumber(Step& step, uint64_t number) {
    const bool is_low = number <= std::numeric_limits<uint32_t>::max();
    const auto low = static_cast<int32_t>(static_cast<uint32_t>(number));
    if (!is_low && Extended(low) != number) return false;
    const uint8_t type = is_low ? BPF_ALU : BPF_ALU64;
    step.insn = {.code = static_cast<uint8_t>(type | BPF_MOV | BPF_K), .dst_reg = step.insn.dst_reg, .src_reg = 0, .off = 0, .imm = low};
    return true;
  }

  // What another register holds is moved from there.
  void PutCopy(Step& step, const State& state, size_t at) const {
    const uint8_t dst = step.insn.dst_reg;
    const auto move = [&](uint8_t type, uint8_t src) {
      step.insn = {.code = static_cast<uint8_t>(type | BPF_MOV | BPF_X), .dst_reg = dst, .src_reg = src, .off = 0, .imm = 0};
      if (type == BPF_ALU64 && src == dst) Skip(step, at);
    };
    if (const int cell = LoadedCell(step, state); cell >= 0) {
      const uint32_t copies = state.cells[static_cast<size_t>(cell)].copies;
      const auto source = static_cast<uint8_t>((copies & 1U << dst) != 0 ? dst : std::countr_zero(copies));
      if (copies != 0) move(step.Width() == kCellBytes ? BPF_ALU : BPF_ALU64, source);
    } else if (step.IsWide() && Wide(step).kind == Value::kMap) {
      const auto same = std::find(state.registers.begin(), state.registers.end(), Wide(step));
      if (same != state.registers.end()) move(BPF_ALU64, static_cast<uint8_t>(same - state.registers.begin()));
    } else if (step.IsArithmetic() && step.HasSource() && state.registers[dst] == Number(0)) {
      const uint8_t operation = step.operation();
      if (operation == BPF_ADD || operation == BPF_OR || operation == BPF_XOR) move(step.type(), step.insn.src_reg);
    } else if (step.is_mark) {
      Skip(step, at);
    } else if (step.type() == BPF_ALU64 && !step.HasSource() && step.insn.imm == 0) {
      const uint8_t operation = step.operation();
      if (operation == BPF_ADD || operation == BPF_OR || operation == BPF_LSH || operation == BPF_RSH) Skip(step, at);
    }
  }

  static void Skip(Step& step, size_t at) {
    step.insn = {.code = BPF_JMP | BPF_JA, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0};
    step.target = static_cast<uint32_t>(at + 1);
  }

  // A register that holds a number as the number itself.
  void FoldOperand(Step& step, const State& state) const {
    if (!(step.IsArithmetic() || step.IsBranch()) || !step.HasSource()) return;
    const uint8_t operation = step.operation();
    if (step.IsArithmetic() && (operation == BPF_DIV || operation == BPF_MOD || operation == BPF_END)) return;
    const Value& value = state.registers[step.insn.src_reg];
    if (!value.IsNumber()) return;
    const bool is_long = step.type() == BPF_ALU64 || step.type() == BPF_JMP;
    const auto low = static_cast<int32_t>(static_cast<uint32_t>(value.number));
    if (is_long && Extended(low) != value.number) return;
    const bool is_shift = step.IsArithmetic() && (operation == BPF_LSH || operation == BPF_RSH || operation == BPF_ARSH);
    if (is_shift && value.number >= (is_long ? 64 : 32)) return;
    step.insn.code = static_cast<uint8_t>(step.insn.code & ~BPF_X);
    step.insn.src_reg = 0;
    step.insn.imm = low;
  }

  void FoldBranch(Step& step, const State& state, size_t at) const {
    const std::optional<bool> is_taken = IsTaken(step, state);
    if (!is_taken) return FoldOperand(step, state);
    const uint32_t target = step.target;
    Skip(step, at);
    if (*is_taken) step.target = target;
  }

  Code& code_;
  const FrozenMaps& frozen_;
  const size_t first_;
  std::vector<std::unique_ptr<State>> entry_states_;
  std::vector<bool> is_joint_;  // several ways may lead there
  std::deque<size_t> waiting_;
  bool leaks_;
};

}  // namespace

Facts Fold(Code& code, const FrozenMaps& frozen) {
  Facts facts = {.reached = std::vector<bool>(code.steps.size()),
                 .stack = std::vector<StackUse>(code.steps.size()),
                 .functions = {}};
  std::set<size_t> waiting = {code.entries.front()};
  while (!waiting.empty()) {
    const size_t first = *waiting.begin();
    waiting.erase(waiting.begin());
    const auto entry = std::lower_bound(code.entries.begin(), code.entries.end(), first);
    const auto number = static_cast<size_t>(entry - code.entries.begin());
    FunctionFacts function = {.first = first, .end = code.EndOf(number), .leaks = false};
    const auto folded = [&] {
      Folding folding(code, frozen, function);
      folding.Run();
      if (folding.leaks() != function.leaks) return false;
      folding.Write(facts);
      return true;
    };
    if (!folded()) {
      function.leaks = true;
      folded();
    }
    facts.functions.push_back(function);
    for (size_t at = function.first; at < function.end; at++) {
      const Step& step = code.steps[at];
      if (!facts.reached[at] || !step.IsFunctionCall() || facts.reached[step.target]) continue;
      waiting.insert(step.target);
    }
  }
  return facts;
}

}  // namespace lbt
