// What libbpf has made of an object, kept for the next load of the same bytes.
//
// Opening an object, reading the kernel's BTF and relocating instructions takes libbpf some 15 ms, and gives the same
// until the machine boots. Of a load that succeeded, the instructions are kept with the places in them where maps are
// named. A load of the same bytes that asks for the same things makes the maps that it does not replace, writes their
// descriptors there, and has the kernel verify. Where anything fails, libbpf does it all, and says what is wrong.
#ifndef LIBBPF_TS_KEPT_H
#define LIBBPF_TS_KEPT_H

#include <bpf/bpf.h>

#include <list>
#include <optional>
#include <string>
#include <vector>

#include "args.h"
#include "load.h"
#include "object.h"
#include "parallel.h"

namespace lbt {

// What there is to check about a load, as text: of two loads with the same text, the second asks for nothing that the
// first was not checked for.
std::string RequestOf(const Call& call, const Plan& plan);

class KeptObject {
 public:
  // Of an object that is loaded and still open. Empty where it cannot be kept.
  static std::optional<KeptObject> Of(const Call& call, const OpenObject& object, const MapNames& maps,
                                      const Plan& plan, const ParallelLoads& loads);

  const std::string& request() const noexcept { return request_; }

  // Empty where anything fails.
  std::optional<LoadedSeeds> Load(const Call& call, const Plan& plan);

 private:
  struct Map {
    std::string name;
    bool is_replaced;
    bpf_map_info shape;
    std::vector<uint8_t> content;  // of a section
  };
  struct Reference {
    size_t insn;
    size_t map;
  };
  struct Program {
    ProgramImage image;
    std::vector<Reference> references;
  };

  bool AddMap(const std::string& name, bool is_replaced, bpf_map* map);
  bool AddProgram(const ProgramImage& image, const MapNames& maps);
  // What a load puts into a section.
  std::vector<uint8_t> ContentOf(const Map& map, const Plan& plan) const;
  UniqueFd CreateMap(const Map& map, const std::vector<uint8_t>& content) const;
  // All, or none.
  std::vector<UniqueFd> LoadPrograms();

  std::string request_;
  UniqueFd btf_;
  std::vector<Variable> variables_;
  std::vector<Map> maps_;
  std::list<Program> programs_;
};

// The objects that were loaded last. One for each JavaScript environment.
class KeptObjects {
 public:
  KeptObject* Find(const std::string& request);
  void Add(KeptObject object);

 private:
  std::list<KeptObject> objects_;
};

}  // namespace lbt

#endif
