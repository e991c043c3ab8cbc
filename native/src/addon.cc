#include <napi.h>

#include "clsact.h"
#include "ethtool.h"
#include "kept.h"
#include "link.h"
#include "map.h"
#include "object.h"
#include "open.h"
#include "parallel.h"
#include "program.h"
#include "ring_buffer.h"
#include "system.h"

namespace lbt {
namespace {

// initialize(BpfError, onLeak): what the TypeScript side gives, before anything else is called.
void Initialize(const Napi::CallbackInfo& info) {
  AddonState& state = AddonState::Of(info.Env());
  if (!info[0].IsFunction() || !info[1].IsFunction()) {
    throw Napi::TypeError::New(info.Env(), "initialize takes the class BpfError and a function");
  }
  state.error = Napi::Persistent(info[0].As<Napi::Function>());
  state.on_leak = Napi::Persistent(info[1].As<Napi::Function>());
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  CaptureLibbpfLog();
  RegisterParallelLoads();
  auto* state = new AddonState();
  state->kept = std::make_shared<KeptObjects>();
  env.SetInstanceData(state);
  env.AddCleanupHook([](AddonState* ending) { ReleaseAll(*ending); }, state);

  state->map = Napi::Persistent(BpfMap::Define(env));
  state->program = Napi::Persistent(BpfProgram::Define(env));
  state->link = Napi::Persistent(BpfLink::Define(env));
  const Napi::Function ring_buffer = RingBuffer::Define(env);

  exports.Set("initialize", Napi::Function::New<Initialize>(env, "initialize"));
  exports.Set("mapPrototype", state->map.Value().Get("prototype"));
  exports.Set("RingBuffer", ring_buffer);
  exports.Set("inspectObject", Napi::Function::New<InspectObject>(env, "inspectObject"));
  exports.Set("loadObject", Napi::Function::New<LoadObject>(env, "loadObject"));
  exports.Set("createMap", Napi::Function::New<CreateMap>(env, "createMap"));
  exports.Set("openPinnedMap", Napi::Function::New<OpenPinnedMap>(env, "openPinnedMap"));
  exports.Set("openMapById", Napi::Function::New<OpenMapById>(env, "openMapById"));
  exports.Set("openPinnedProgram", Napi::Function::New<OpenPinnedProgram>(env, "openPinnedProgram"));
  exports.Set("openProgramById", Napi::Function::New<OpenProgramById>(env, "openProgramById"));
  exports.Set("openPinnedLink", Napi::Function::New<OpenPinnedLink>(env, "openPinnedLink"));
  exports.Set("unlinkPin", Napi::Function::New<UnlinkPin>(env, "unlinkPin"));
  exports.Set("possibleCpus", Napi::Function::New<PossibleCpus>(env, "possibleCpus"));
  exports.Set("libbpfVersion", Napi::Function::New<LibbpfVersion>(env, "libbpfVersion"));
  exports.Set("xdpAttached", Napi::Function::New<XdpAttached>(env, "xdpAttached"));
  exports.Set("xdpFeatures", Napi::Function::New<XdpFeatures>(env, "xdpFeatures"));
  exports.Set("tcxPrograms", Napi::Function::New<TcxPrograms>(env, "tcxPrograms"));
  exports.Set("clsactProgram", Napi::Function::New<ClsactProgram>(env, "clsactProgram"));
  exports.Set("tryClsact", Napi::Function::New<TryClsact>(env, "tryClsact"));
  exports.Set("detachClsact", Napi::Function::New<DetachClsact>(env, "detachClsact"));
  exports.Set("interfaces", Napi::Function::New<Interfaces>(env, "interfaces"));
  exports.Set("interfaceIndex", Napi::Function::New<InterfaceIndex>(env, "interfaceIndex"));
  exports.Set("tcpSockets", Napi::Function::New<TcpSockets>(env, "tcpSockets"));
  exports.Set("defaultRoutes", Napi::Function::New<DefaultRoutes>(env, "defaultRoutes"));
  exports.Set("ethtoolFacts", Napi::Function::New<EthtoolFacts>(env, "ethtoolFacts"));
  exports.Set("capabilities", Napi::Function::New<Capabilities>(env, "capabilities"));
  exports.Set("networkNamespaceCookie",
              Napi::Function::New<NetworkNamespaceCookie>(env, "networkNamespaceCookie"));
  exports.Set("mountBpffs", Napi::Function::New<MountBpffs>(env, "mountBpffs"));
  exports.Set("peerCredentials", Napi::Function::New<PeerCredentials>(env, "peerCredentials"));
  exports.Set("isBpffs", Napi::Function::New<IsBpffs>(env, "isBpffs"));
  return exports;
}

}  // namespace

NODE_API_MODULE(bindings, Init)

}  // namespace lbt
