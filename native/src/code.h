// A program's instructions, as steps that name where they lead: some can be taken out, and others moved.
#ifndef LIBBPF_TS_CODE_H
#define LIBBPF_TS_CODE_H

#include <linux/bpf.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace lbt {

// Records that begin with the number of an instruction: func_info and line_info of BPF_PROG_LOAD.
struct Records {
  std::vector<uint8_t> bytes;
  uint32_t size = 0;  // of one

  size_t count() const noexcept { return size == 0 ? 0 : bytes.size() / size; }
};

struct ProgramText {
  std::vector<bpf_insn> insns;
  Records functions;
  Records lines;
};

struct Step {
  bpf_insn insn;
  int32_t high = 0;     // of a 64-bit immediate
  uint32_t target = 0;  // the step that a jump or a call of a function leads to
  uint32_t line = 0;    // the number of the record that tells its line
  bool is_mark = false;  // moves a register to itself: what begins with that is rare

  uint8_t type() const noexcept { return BPF_CLASS(insn.code); }
  uint8_t operation() const noexcept { return BPF_OP(insn.code); }
  bool IsArithmetic() const noexcept { return type() == BPF_ALU || type() == BPF_ALU64; }
  bool IsWide() const noexcept { return insn.code == (BPF_LD | BPF_IMM | BPF_DW); }
  bool IsLoad() const noexcept { return type() == BPF_LDX; }
  bool IsAtomic() const noexcept { return type() == BPF_STX && BPF_MODE(insn.code) == BPF_ATOMIC; }
  bool IsStore() const noexcept { return (type() == BPF_STX && !IsAtomic()) || type() == BPF_ST; }
  bool IsMemory() const noexcept { return IsLoad() || IsStore() || IsAtomic(); }
  bool IsJump() const noexcept { return type() == BPF_JMP || type() == BPF_JMP32; }
  bool IsGoto() const noexcept { return IsJump() && operation() == BPF_JA; }
  bool IsCall() const noexcept { return insn.code == (BPF_JMP | BPF_CALL); }
  bool IsFunctionCall() const noexcept { return IsCall() && insn.src_reg == BPF_PSEUDO_CALL; }
  bool IsExit() const noexcept { return insn.code == (BPF_JMP | BPF_EXIT); }
  bool IsBranch() const noexcept { return IsJump() && !IsGoto() && !IsCall() && !IsExit(); }
  // To a step besides the next one.
  bool Leads() const noexcept { return IsFunctionCall() || IsBranch() || IsGoto(); }
  // The second operand of arithmetic and branches is a register.
  bool HasSource() const noexcept { return BPF_SRC(insn.code) == BPF_X; }
  // Bytes of memory that are read or written.
  int Width() const noexcept;
  // The register that memory is addressed by.
  uint8_t Base() const noexcept { return IsLoad() ? insn.src_reg : insn.dst_reg; }
};

// Registers as bits.
uint32_t RegistersRead(const Step& step) noexcept;
uint32_t RegistersWritten(const Step& step) noexcept;

struct Code {
  std::vector<Step> steps;
  std::vector<size_t> entries;  // the first step of each function, ascending; the program begins at the first

  // Empty where there is an instruction that is not known here.
  static std::optional<Code> Of(const ProgramText& text);
  // The step behind the last one of a function.
  size_t EndOf(size_t function) const noexcept {
    return function + 1 < entries.size() ? entries[function + 1] : steps.size();
  }
  // No way leads out of a function but its calls and its ends.
  bool AreFunctionsWhole() const noexcept;
  // The steps that are left, with every function that is called: `kept` has one flag for each step. What is not kept
  // is skipped. Records are those of `text`. Empty where a jump would be too long.
  std::optional<ProgramText> Assemble(const std::vector<bool>& kept, const ProgramText& text) const;
  // The step after those that only lead on; the number of steps where none follows.
  size_t Resolve(size_t step, const std::vector<bool>& kept) const noexcept;
};

}  // namespace lbt

#endif
