// Functions that make no handle: interfaces, attachments, the bpffs, the library itself.
#ifndef LIBBPF_TS_SYSTEM_H
#define LIBBPF_TS_SYSTEM_H

#include <napi.h>

#include <cstdint>
#include <span>
#include <string>

#include "error.h"

namespace lbt {

// The index of an interface that exists; ENODEV otherwise. The kernel itself says EINVAL, or finds nothing attached.
uint32_t RequireInterface(const Call& call, Napi::Value value);

// Empty where there are too few bytes for the family, or the family is neither AF_INET nor AF_INET6.
std::string AddressText(int family, std::span<const uint8_t> bytes);

Napi::Value Interfaces(const Napi::CallbackInfo& info);
Napi::Value InterfaceIndex(const Napi::CallbackInfo& info);
Napi::Value NetworkNamespaceCookie(const Napi::CallbackInfo& info);
Napi::Value TcpSockets(const Napi::CallbackInfo& info);
Napi::Value DefaultRoutes(const Napi::CallbackInfo& info);
Napi::Value Capabilities(const Napi::CallbackInfo& info);
Napi::Value XdpFeatures(const Napi::CallbackInfo& info);
Napi::Value XdpAttached(const Napi::CallbackInfo& info);
Napi::Value TcxPrograms(const Napi::CallbackInfo& info);
Napi::Value PeerCredentials(const Napi::CallbackInfo& info);
Napi::Value UnlinkPin(const Napi::CallbackInfo& info);
void MountBpffs(const Napi::CallbackInfo& info);
Napi::Value IsBpffs(const Napi::CallbackInfo& info);
Napi::Value PossibleCpus(const Napi::CallbackInfo& info);
Napi::Value LibbpfVersion(const Napi::CallbackInfo& info);

}  // namespace lbt

#endif
