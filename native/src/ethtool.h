// What a driver says of its device.
#ifndef LIBBPF_TS_ETHTOOL_H
#define LIBBPF_TS_ETHTOOL_H

#include <napi.h>

#include <string>

namespace lbt {

// Empty where the kernel names none, such as for the loopback interface.
std::string DriverOf(const std::string& interface_name);

Napi::Value EthtoolFacts(const Napi::CallbackInfo& info);

}  // namespace lbt

#endif
