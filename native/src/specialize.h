// A program for the read-only data that it is loaded with.
//
// The kernel leaves out what constants make unreachable, but what was calculated for that stays, and every constant is
// read for every packet. Here numbers take the place of what is read from frozen maps, and what nothing needs any more
// goes, before the kernel verifies what is left.
#ifndef LIBBPF_TS_SPECIALIZE_H
#define LIBBPF_TS_SPECIALIZE_H

#include <optional>

#include "code.h"
#include "values.h"

namespace lbt {

// Does the same as `text` over these maps. Empty where it has an instruction that is not known here.
std::optional<ProgramText> Specialize(const ProgramText& text, const FrozenMaps& frozen);

}  // namespace lbt

#endif
