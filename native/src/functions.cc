// Leaving functions out of a program.
//
// The kernel takes dead code out of a program range by range, and each time moves all that is behind it. Functions that no
// way leads to are much of a program that read-only data adapts.
#include <algorithm>
#include <cstring>

#include "parallel.h"

namespace lbt {
namespace {

struct Function {
  size_t from;
  size_t to;
  bool is_live;
  bool is_called = false;  // by one that is live
  size_t at = 0;           // where it begins now

  bool IsLeftOut() const { return !is_live && !is_called; }
};

// Returns what was never written: the verifier refuses a program where a way leads here.
constexpr bpf_insn kRefused[] = {
    {.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_0, .src_reg = BPF_REG_5, .off = 0, .imm = 0},
    {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
};

// Records of func_info and line_info begin with the number of an instruction; in func_info the type comes next.
uint32_t WordOf(const std::vector<uint8_t>& records, size_t at) {
  uint32_t word;
  memcpy(&word, &records.at(at), sizeof word);
  return word;
}

void AddRecord(std::vector<uint8_t>& to, const std::vector<uint8_t>& from, size_t at, size_t size, size_t insn) {
  to.insert(to.end(), from.begin() + static_cast<ptrdiff_t>(at), from.begin() + static_cast<ptrdiff_t>(at + size));
  const auto word = static_cast<uint32_t>(insn);
  memcpy(&to[to.size() - size], &word, sizeof word);
}

bool IsWide(const bpf_insn& insn) { return insn.code == (BPF_LD | BPF_IMM | BPF_DW); }

bool NamesFunction(const bpf_insn& insn) {
  return (insn.code == (BPF_JMP | BPF_CALL) && insn.src_reg == BPF_PSEUDO_CALL) ||
         (IsWide(insn) && insn.src_reg == BPF_PSEUDO_FUNC);
}

size_t TargetOf(const std::vector<bpf_insn>& insns, size_t i) {
  return static_cast<size_t>(static_cast<ptrdiff_t>(i) + 1 + insns[i].imm);
}

Function& At(std::vector<Function>& functions, size_t insn) {
  const auto is_behind = [insn](const Function& function) { return insn < function.to; };
  return *std::find_if(functions.begin(), functions.end(), is_behind);
}

void FindCalled(std::vector<Function>& functions, const std::vector<bpf_insn>& insns) {
  for (size_t i = 0; i < insns.size(); i += IsWide(insns[i]) ? 2 : 1) {
    if (NamesFunction(insns[i]) && At(functions, i).is_live) At(functions, TargetOf(insns, i)).is_called = true;
  }
}

void Place(std::vector<Function>& functions) {
  size_t at = 0;
  for (Function& function : functions) {
    function.at = at;
    if (function.is_live) at += function.to - function.from;
    if (!function.is_live && function.is_called) at += std::size(kRefused);
  }
}

std::vector<bpf_insn> Link(std::vector<Function>& functions, const std::vector<bpf_insn>& insns) {
  std::vector<bpf_insn> linked;
  for (const Function& function : functions) {
    if (function.IsLeftOut()) continue;
    if (!function.is_live) linked.insert(linked.end(), std::begin(kRefused), std::end(kRefused));
    for (size_t i = function.from; function.is_live && i < function.to; i++) {
      bpf_insn insn = insns[i];
      if (NamesFunction(insn)) {
        const size_t target = At(functions, TargetOf(insns, i)).at;
        insn.imm = static_cast<int32_t>(static_cast<ptrdiff_t>(target) - static_cast<ptrdiff_t>(linked.size()) - 1);
      }
      linked.push_back(insn);
      if (IsWide(insn)) linked.push_back(insns[++i]);
    }
  }
  return linked;
}

}  // namespace

ProgramImage ProgramImage::WithOnly(const std::set<uint32_t>& live) const {
  ProgramImage lean = *this;
  const size_t size = opts_.func_info_rec_size;
  if (func_info_.empty()) return lean;
  std::vector<Function> functions;
  for (size_t at = 0; at < func_info_.size(); at += size) {
    const size_t from = WordOf(func_info_, at);
    if (!functions.empty()) functions.back().to = from;
    const bool is_live = functions.empty() || live.contains(WordOf(func_info_, at + sizeof(uint32_t)));
    functions.push_back({.from = from, .to = insns_.size(), .is_live = is_live});
  }
  FindCalled(functions, insns_);
  Place(functions);
  lean.insns_ = Link(functions, insns_);
  lean.func_info_.clear();
  for (size_t i = 0; i < functions.size(); i++) {
    if (!functions[i].IsLeftOut()) AddRecord(lean.func_info_, func_info_, i * size, size, functions[i].at);
  }
  lean.line_info_.clear();
  for (size_t at = 0; at < line_info_.size(); at += opts_.line_info_rec_size) {
    const size_t insn = WordOf(line_info_, at);
    const Function& function = At(functions, insn);
    // The first line of a function must be there.
    if (function.IsLeftOut() || (!function.is_live && insn != function.from)) continue;
    AddRecord(lean.line_info_, line_info_, at, opts_.line_info_rec_size, function.at + insn - function.from);
  }
  lean.opts_.func_info_cnt = static_cast<uint32_t>(lean.func_info_.size() / size);
  if (opts_.line_info_rec_size > 0) {
    lean.opts_.line_info_cnt = static_cast<uint32_t>(lean.line_info_.size() / opts_.line_info_rec_size);
  }
  return lean;
}

}  // namespace lbt
