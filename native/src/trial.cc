#include "trial.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

namespace lbt {
namespace {

// The largest objects load within a second or two, on a slow machine too.
constexpr unsigned kPatienceSeconds = 30;

bool in_trial = false;

// What ends the child ends it at once and unseen: no handler of Node's, no core file, nothing on stderr.
void PrepareChild(pid_t parent) {
  in_trial = true;
  for (const int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGALRM, SIGTERM, SIGTRAP}) {
    std::signal(signal, SIG_DFL);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const rlimit no_core = {.rlim_cur = 0, .rlim_max = 0};
  setrlimit(RLIMIT_CORE, &no_core);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(0);
  if (const int null = open("/dev/null", O_RDWR | O_CLOEXEC); null >= 0) {
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
  }
  alarm(kPatienceSeconds);
}

[[noreturn]] void RunChild(pid_t parent, const std::function<void()>& attempt) {
  PrepareChild(parent);
  try {
    attempt();
  } catch (...) {  // a refusal, or no memory: the parent gets the same and says so
  }
  _exit(0);
}

}  // namespace

bool InTrial() noexcept { return in_trial; }

void TryInChild(const Call& call, const std::function<void()>& attempt) {
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0) throw call.Failed(errno, {.detail = "no child process to try the object in"});
  if (child == 0) RunChild(parent, attempt);
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) throw call.Failed(errno, {.detail = "waiting for the child process"});
  }
  if (!WIFSIGNALED(status)) return;
  const int signal = WTERMSIG(status);
  if (signal == SIGALRM) {
    throw call.Refused("ECRASH", "libbpf is not done with this object after " + std::to_string(kPatienceSeconds) +
                                     " s: it is damaged");
  }
  throw call.Refused("ECRASH", std::string("libbpf does not survive this object (SIG") + sigabbrev_np(signal) +
                                   "): it is damaged");
}

}  // namespace lbt
