#include "system.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <linux/magic.h>
#include <net/if.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <vector>

#include "args.h"

namespace lbt {
namespace {

bool OnBpffs(const Call& call, const char* path) {
  struct statfs facts;
  if (statfs(path, &facts) != 0) throw call.Failed(errno);
  return static_cast<uint32_t>(facts.f_type) == BPF_FS_MAGIC;
}

}  // namespace

uint32_t RequireInterface(const Call& call, Napi::Value value) {
  const uint32_t ifindex = RequireU32(call, value, "ifindex", 1, INT_MAX);
  char name[IF_NAMESIZE];
  if (if_indextoname(ifindex, name) != nullptr) return ifindex;
  throw call.Failed(errno == ENXIO ? ENODEV : errno, {.detail = "interface " + std::to_string(ifindex)});
}

Napi::Value XdpAttached(const Napi::CallbackInfo& info) {
  const Call call{info.Env(), "xdp_query", ""};
  const uint32_t ifindex = RequireInterface(call, info[0]);
  LIBBPF_OPTS(bpf_xdp_query_opts, found);
  if (const int err = bpf_xdp_query(static_cast<int>(ifindex), 0, &found); err != 0) throw call.Failed(-err);
  const std::pair<uint32_t, const char*> modes[] = {
      {found.drv_prog_id, "native"}, {found.skb_prog_id, "generic"}, {found.hw_prog_id, "offload"}};
  for (const auto& [id, mode] : modes) {
    if (id == 0) continue;
    Napi::Object attachment = Napi::Object::New(info.Env());
    attachment.Set("programId", id);
    attachment.Set("mode", mode);
    return attachment;
  }
  return info.Env().Undefined();
}

Napi::Value TcxPrograms(const Napi::CallbackInfo& info) {
  const Call call{info.Env(), "tcx_query", ""};
  const uint32_t ifindex = RequireInterface(call, info[0]);
  const bool egress = RequireChoice(call, info[1], "hook", {"ingress", "egress"}) == 1;
  // linux/bpf.h of 6.1 has no tcx yet: 46 and 47 are its attach types. An interface has at most 64 programs a hook.
  const auto hook = static_cast<bpf_attach_type>(egress ? 47 : 46);
  std::vector<uint32_t> ids(64);
  uint32_t count = static_cast<uint32_t>(ids.size());
  if (bpf_prog_query(static_cast<int>(ifindex), hook, 0, nullptr, ids.data(), &count) != 0) throw call.Failed(errno);
  const Napi::Array result = Napi::Array::New(info.Env());
  for (uint32_t i = 0; i < count; i++) result.Set(i, ids[i]);
  return result;
}

Napi::Value PeerCredentials(const Napi::CallbackInfo& info) {
  const Call call{info.Env(), "peer_credentials", ""};
  const int fd = static_cast<int>(RequireU32(call, info[0], "fd", 0, INT_MAX));
  struct ucred found;
  socklen_t size = sizeof(found);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &found, &size) != 0) throw call.Failed(errno);
  Napi::Object credentials = Napi::Object::New(info.Env());
  credentials.Set("pid", static_cast<double>(found.pid));
  credentials.Set("uid", static_cast<double>(found.uid));
  credentials.Set("gid", static_cast<double>(found.gid));
  return credentials;
}

Napi::Value UnlinkPin(const Napi::CallbackInfo& info) {
  Call call{info.Env(), "unlink_pin", ""};
  call.target = RequireString(call, info[0], "path");
  // Not access(), which does not look at the capabilities of a user who is not root.
  struct stat found;
  if (stat(call.target.c_str(), &found) != 0 && errno == ENOENT) return Napi::Boolean::New(info.Env(), false);
  if (!OnBpffs(call, call.target.c_str())) throw call.Invalid("not a pin: the path does not lie on a bpffs");
  const bool removed = unlink(call.target.c_str()) == 0;
  if (!removed && errno != ENOENT) throw call.Failed(errno);
  return Napi::Boolean::New(info.Env(), removed);
}

void MountBpffs(const Napi::CallbackInfo& info) {
  Call call{info.Env(), "mount_bpffs", ""};
  call.target = RequireString(call, info[0], "path");
  // A second mount would hide the pins of the first. A directory inside a bpffs counts as mounted too.
  if (OnBpffs(call, call.target.c_str())) return;
  if (mount("bpf", call.target.c_str(), "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") != 0 && errno != EBUSY) {
    throw call.Failed(errno);
  }
}

Napi::Value IsBpffs(const Napi::CallbackInfo& info) {
  Call call{info.Env(), "is_bpffs", ""};
  call.target = RequireString(call, info[0], "path");
  return Napi::Boolean::New(info.Env(), OnBpffs(call, call.target.c_str()));
}

Napi::Value PossibleCpus(const Napi::CallbackInfo& info) {
  const int cpus = libbpf_num_possible_cpus();
  if (cpus < 0) throw Call{info.Env(), "possible_cpus", ""}.Failed(-cpus);
  return Napi::Number::New(info.Env(), cpus);
}

Napi::Value LibbpfVersion(const Napi::CallbackInfo& info) {
  const std::string version = libbpf_version_string();
  return Napi::String::New(info.Env(), version.starts_with('v') ? version.substr(1) : version);
}

}  // namespace lbt
