// BPF_PROG_TEST_RUN, one packet or many.
#include <bpf/bpf.h>
#include <sched.h>
#include <sys/mman.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <ctime>

#include "map.h"
#include "program.h"

namespace lbt {
namespace {

double NowNs(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

// Wall and thread CPU time since it was made. The CPU clock is read inside the wall clock's interval.
class Stopwatch {
 public:
  Stopwatch() : wall_(NowNs(CLOCK_MONOTONIC)), cpu_(NowNs(CLOCK_THREAD_CPUTIME_ID)) {}
  void StopInto(Napi::Object result) const {
    const double cpu = NowNs(CLOCK_THREAD_CPUTIME_ID) - cpu_;
    const double wall = NowNs(CLOCK_MONOTONIC) - wall_;
    result.Set("elapsedNs", wall);
    result.Set("cpuNs", cpu);
  }

 private:
  double wall_;
  double cpu_;
};

// Keeps the thread on one CPU while it lives.
class OnCpu {
 public:
  OnCpu(const Call& call, uint32_t cpu) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    if (sched_getaffinity(0, sizeof before_, &before_) != 0 || sched_setaffinity(0, sizeof one, &one) != 0) {
      throw call.Failed(errno, {.detail = "cpu " + std::to_string(cpu)});
    }
  }
  OnCpu(const OnCpu&) = delete;
  OnCpu& operator=(const OnCpu&) = delete;
  ~OnCpu() { sched_setaffinity(0, sizeof before_, &before_); }

 private:
  cpu_set_t before_;
};

struct RunOptions {
  uint32_t repeat;
  uint32_t data_out;
  bool live_frames;
  uint32_t batch_size;
  Napi::Value context;
  std::optional<uint32_t> cpu;
};

RunOptions ReadRunOptions(const Call& call, Napi::Value value) {
  const Napi::Object options = OptionalObject(call, value, "opts");
  const Napi::Value live = options.Get("liveFrames");
  return {
      .repeat = OptionalU32(call, options.Get("repeat"), "repeat", 1, INT_MAX).value_or(1),
      .data_out = OptionalU32(call, options.Get("dataOut"), "dataOut", 0, INT_MAX).value_or(0),
      .live_frames = !live.IsUndefined() && RequireBool(call, live, "liveFrames"),
      .batch_size = OptionalU32(call, options.Get("batchSize"), "batchSize").value_or(0),
      .context = options.Get("ctxIn"),
      .cpu = OptionalU32(call, options.Get("cpu"), "cpu", 0, CPU_SETSIZE - 1),
  };
}

struct Record {
  std::shared_ptr<Mapping> memory;
  size_t offset;
  size_t length;
};

// What to keep after each run; nothing when there is no record option.
std::optional<Record> ReadRecord(const Call& call, Napi::Value value) {
  if (value.IsUndefined()) return std::nullopt;
  const Napi::Object options = OptionalObject(call, value, "record");
  const uint32_t length = RequireU32(call, options.Get("length"), "record.length", 1);
  const uint32_t offset = OptionalU32(call, options.Get("offset"), "record.offset").value_or(0);
  const BpfMap* map = RequireHandle<BpfMap>(call, options.Get("map"), "record.map");
  const size_t size = MappedSize(map->shape());
  if (static_cast<size_t>(offset) + length > size) {
    throw call.Refused("ESIZE", "record must lie within the map's " + std::to_string(size) + " bytes");
  }
  return Record{MapMemory(call, map->fd(), map->shape(), PROT_READ), offset, length};
}

struct Packets {
  Bytes bytes;
  std::span<const uint32_t> offsets;
  std::span<const uint32_t> lengths;
};

Packets ReadPackets(const Call& call, const Napi::CallbackInfo& info) {
  const Packets packets{RequireBytes(call, info[0], "packets"), RequireWords(call, info[1], "offsets"),
                        RequireWords(call, info[2], "lengths")};
  if (packets.offsets.size() != packets.lengths.size()) {
    throw call.Refused("ESIZE", "offsets and lengths must be equally many");
  }
  for (size_t i = 0; i < packets.offsets.size(); i++) {
    if (static_cast<size_t>(packets.offsets[i]) + packets.lengths[i] > packets.bytes.size()) {
      throw call.Refused("ESIZE", "packet " + std::to_string(i) + " reaches beyond packets");
    }
  }
  return packets;
}

// Runs every packet once. `context` has context_size bytes per packet, `records` record->length.
void RunEach(const Call& call, int fd, const Packets& packets, Bytes context, const std::optional<Record>& record,
             uint32_t* retvals, uint8_t* records) {
  const size_t count = packets.offsets.size();
  const size_t context_size = count == 0 ? 0 : context.size() / count;
  LIBBPF_OPTS(bpf_test_run_opts, run);
  run.repeat = 1;
  for (size_t i = 0; i < count; i++) {
    run.data_in = packets.bytes.data() + packets.offsets[i];
    run.data_size_in = packets.lengths[i];
    run.data_size_out = 0;
    run.ctx_in = context_size > 0 ? context.data() + i * context_size : nullptr;
    run.ctx_size_in = static_cast<uint32_t>(context_size);
    if (bpf_prog_test_run_opts(fd, &run) != 0) {
      throw call.Failed(errno, {.detail = "packet " + std::to_string(i), .done = static_cast<uint32_t>(i)});
    }
    retvals[i] = run.retval;
    if (record) {
      memcpy(records + i * record->length, static_cast<const uint8_t*>(record->memory->start) + record->offset,
             record->length);
    }
  }
}

}  // namespace

Napi::Value BpfProgram::TestRun(const Napi::CallbackInfo& info) {
  Begin(info, "prog_test_run");
  const RunOptions options = ReadRunOptions({info.Env(), "prog_test_run", name()}, info[1]);
  const Call call = Begin(info, "prog_test_run");  // again: an options getter may have closed this
  if (options.live_frames && options.data_out > 0) throw call.Invalid("liveFrames excludes dataOut");
  const Bytes packet = RequireBytes(call, info[0], "packet");
  const Bytes context = options.context.IsUndefined() ? Bytes{} : RequireBytes(call, options.context, "ctxIn");
  std::vector<uint8_t> out(options.data_out);
  LIBBPF_OPTS(bpf_test_run_opts, run);
  run.data_in = packet.data();
  run.data_size_in = static_cast<uint32_t>(packet.size());
  run.data_out = out.empty() ? nullptr : out.data();
  run.data_size_out = static_cast<uint32_t>(out.size());
  run.ctx_in = context.empty() ? nullptr : context.data();
  run.ctx_size_in = static_cast<uint32_t>(context.size());
  run.repeat = static_cast<int>(options.repeat);
  run.flags = options.live_frames ? BPF_F_TEST_XDP_LIVE_FRAMES : 0;
  run.batch_size = options.batch_size;

  Napi::Object result = Napi::Object::New(info.Env());
  {
    std::optional<OnCpu> pinned;
    if (options.cpu) pinned.emplace(call, *options.cpu);
    const Stopwatch watch;
    if (bpf_prog_test_run_opts(fd(), &run) != 0) throw call.Failed(errno);
    watch.StopInto(result);
  }
  result.Set("retval", run.retval);
  result.Set("durationNs", run.duration);
  if (!out.empty()) {
    result.Set("dataOut", CopyBytes(info.Env(), out.data(), std::min<size_t>(run.data_size_out, out.size())));
  }
  return result;
}

Napi::Value BpfProgram::TestRunMany(const Napi::CallbackInfo& info) {
  Begin(info, "prog_test_run");
  const Call early{info.Env(), "prog_test_run", name()};
  const Napi::Object options = OptionalObject(early, info[3], "opts");
  const Napi::Value context_value = options.Get("ctxIn");
  const std::optional<Record> record = ReadRecord(early, options.Get("record"));

  const Call call = Begin(info, "prog_test_run");  // again: an options getter may have closed this
  const Packets packets = ReadPackets(call, info);
  const size_t count = packets.offsets.size();
  const Bytes context = context_value.IsUndefined() ? Bytes{} : RequireBytes(call, context_value, "ctxIn");
  if (count == 0 ? !context.empty() : context.size() % count != 0) {
    throw call.Refused("ESIZE", "ctxIn must have the same size for each packet");
  }
  Napi::Uint32Array retvals = Napi::Uint32Array::New(info.Env(), count);
  Napi::Uint8Array records = Napi::Uint8Array::New(info.Env(), record ? count * record->length : 0);
  Napi::Object result = Napi::Object::New(info.Env());
  const Stopwatch watch;
  RunEach(call, fd(), packets, context, record, retvals.Data(), records.Data());
  watch.StopInto(result);
  result.Set("retvals", retvals);
  if (record) result.Set("records", records);
  return result;
}

}  // namespace lbt
