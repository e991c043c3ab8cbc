// A libbpf object while it is open: read for its declarations, or loaded and then given up. Handles keep their own
// fds, so no libbpf object outlives the call that opened it.
#ifndef LIBBPF_TS_OBJECT_H
#define LIBBPF_TS_OBJECT_H

#include <bpf/libbpf.h>

#include <cstdint>
#include <string>
#include <vector>

#include "args.h"

namespace lbt {

struct Variable {
  std::string section;
  std::string name;
  uint32_t offset;
  uint32_t size;
};

class OpenObject {
 public:
  // `bytes` must stay as they are while this lives. Throws the call's error.
  OpenObject(const Call& call, Bytes bytes, const std::string& name);
  OpenObject(const OpenObject&) = delete;
  OpenObject& operator=(const OpenObject&) = delete;
  ~OpenObject();

  bpf_object* get() const noexcept { return object_; }

  // Uses an existing map in place of one of the object's. Call before loading. Throws the call's error.
  void ReplaceMap(const Call& call, bpf_map* map, int fd);

 private:
  // libbpf 1.1 maps a section's content at open and unmaps it at close, with the size the map has at close. A
  // replacement of another size would make it unmap memory that is not its own (or leave some). So before the object
  // is closed each replaced map is replaced once more, by a placeholder of the size it had at open.
  struct Placeholder {
    bpf_map* map;
    UniqueFd fd;
  };

  bpf_object* object_ = nullptr;
  std::vector<Placeholder> placeholders_;
};

// `.rodata`, `.data.tables` or the C name. libbpf calls a section's map by its kernel name, `<object>.rodata`.
std::string ElfName(const bpf_map* map);

// The variables that have memory in a section's map, in file order.
std::vector<Variable> VariablesOf(const bpf_object* object);

// The text of the ELF section `license`; empty where there is none. libbpf keeps it to itself.
std::string LicenseOf(Bytes bytes);

Napi::Value InspectObject(const Napi::CallbackInfo& info);
Napi::Value LoadObject(const Napi::CallbackInfo& info);

}  // namespace lbt

#endif
