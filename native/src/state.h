// What belongs to one JavaScript environment (the main thread or a worker). There are no globals.
#ifndef LIBBPF_TS_STATE_H
#define LIBBPF_TS_STATE_H

#include <napi.h>

#include <memory>
#include <unordered_set>

namespace lbt {

class KeptObjects;
class Resource;
struct Seed;

struct AddonState {
  Napi::FunctionReference error;    // class BpfError
  Napi::FunctionReference on_leak;  // (what: string) => void
  Napi::FunctionReference map;
  Napi::FunctionReference program;
  Napi::FunctionReference link;

  // Everything there is, so that the end of the environment can close it. Shared with its members: whichever is
  // destroyed last finds it.
  std::shared_ptr<std::unordered_set<Resource*>> resources = std::make_shared<std::unordered_set<Resource*>>();

  std::shared_ptr<KeptObjects> kept;

  // Set only while this addon constructs a handle: JavaScript cannot construct one, it has no seed.
  Seed* seed = nullptr;

  static AddonState& Of(Napi::Env env) { return *env.GetInstanceData<AddonState>(); }
};

}  // namespace lbt

#endif
