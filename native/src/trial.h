// A trial: what libbpf is about to do with bytes that nobody vouches for is done by a child process first. Bytes of
// any kind can end a process inside libbpf; then it is the child.
#ifndef LIBBPF_TS_TRIAL_H
#define LIBBPF_TS_TRIAL_H

#include <functional>

#include "error.h"

namespace lbt {

// Thrown in the child, in the place of the JavaScript error that the parent will make: a refusal in order.
struct TrialRefusal {};

// True in the child of a trial. It has no JavaScript: the threads that V8 needs are not there.
bool InTrial() noexcept;

// Runs `attempt` in a child process, which must not reach Node-API. Throws the call's error ECRASH where a signal ends
// the child, or where it takes longer than any object does. Everything else is for the parent to find out again.
void TryInChild(const Call& call, const std::function<void()>& attempt);

}  // namespace lbt

#endif
