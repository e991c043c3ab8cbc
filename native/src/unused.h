// Which steps of a program something depends on.
#ifndef LIBBPF_TS_UNUSED_H
#define LIBBPF_TS_UNUSED_H

#include <vector>

#include "code.h"
#include "values.h"

namespace lbt {

// A flag for each step: whether a call, an exit, a branch or a write that somebody may read needs it.
std::vector<bool> FindNeeded(const Code& code, const Facts& facts);

}  // namespace lbt

#endif
