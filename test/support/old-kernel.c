/* SPDX-License-Identifier: MIT */
/*
 * Runs a command as on an older kernel:  old-kernel [--without-clsact] COMMAND ARGUMENT...
 *
 * BPF_LINK_CREATE and BPF_PROG_QUERY of tcx say EINVAL, as before Linux 6.6; with --without-clsact, making a qdisc says ENOENT too, as
 * where the kernel knows none of that kind. Everything else goes to the kernel. A seccomp filter sends bpf() and
 * sendto() here, because it cannot look behind their pointers.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/rtnetlink.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TCX_INGRESS = 46, TCX_EGRESS = 47 }; /* linux/bpf.h of 6.1 has no tcx yet */

static void die(const char *what)
{
	perror(what);
	exit(125);
}

static void end_with_parent(void)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))
		die("pdeathsig");
}

static int install_filter(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_sendto, 4, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_bpf, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, BPF_LINK_CREATE, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, BPF_PROG_QUERY, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		die("no_new_privs");
	return syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

static void send_fd(int channel, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, byte = 0;
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(int));
	if (sendmsg(channel, &message, 0) != 1)
		die("sendmsg");
}

static int receive_fd(int channel)
{
	char control[CMSG_SPACE(sizeof(int))], byte;
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	int fd;

	if (recvmsg(channel, &message, 0) != 1 || !CMSG_FIRSTHDR(&message))
		die("recvmsg");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
	return fd;
}

/* The first bytes behind a pointer of the process that waits. */
static int peek(pid_t pid, __u64 address, void *into, size_t size)
{
	char path[32];
	int fd, got;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	got = pread(fd, into, size, address) == (ssize_t)size;
	close(fd);
	return got;
}

static int is_tcx(const struct seccomp_notif *call)
{
	__u32 words[3]; /* of union bpf_attr: program, target, attach type; of a query: target, attach type */
	int at = call->data.args[0] == BPF_PROG_QUERY ? 1 : 2;

	return peek(call->pid, call->data.args[1], words, sizeof(words)) && (words[at] == TCX_INGRESS || words[at] == TCX_EGRESS);
}

static int makes_qdisc(const struct seccomp_notif *call)
{
	struct nlmsghdr header;

	return call->data.args[2] >= sizeof(header) && peek(call->pid, call->data.args[1], &header, sizeof(header)) &&
	       header.nlmsg_len == call->data.args[2] && header.nlmsg_type == RTM_NEWQDISC;
}

static void supervise(int listener, int without_clsact)
{
	for (;;) {
		struct seccomp_notif call = { 0 };
		struct seccomp_notif_resp answer = { 0 };

		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call)) {
			if (errno == EINTR || errno == ENOENT)
				continue;
			return;
		}
		answer.id = call.id;
		if (call.data.nr == __NR_bpf && is_tcx(&call))
			answer.error = -EINVAL;
		else if (call.data.nr == __NR_sendto && without_clsact && makes_qdisc(&call))
			answer.error = -ENOENT;
		else
			answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
	}
}

int main(int argc, char **argv)
{
	int without_clsact = argc > 1 && !strcmp(argv[1], "--without-clsact");
	int channel[2], status, listener;
	pid_t child, supervisor;

	argv += 1 + without_clsact;
	if (!*argv || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel))
		die("usage: old-kernel [--without-clsact] COMMAND ARGUMENT...");
	child = fork();
	if (child < 0)
		die("fork");
	if (!child) {
		end_with_parent();
		listener = install_filter();
		if (listener < 0)
			die("seccomp");
		send_fd(channel[1], listener);
		close(listener);
		execvp(argv[0], argv);
		die(argv[0]);
	}
	close(channel[1]);
	listener = receive_fd(channel[0]);
	supervisor = fork();
	if (!supervisor) {
		end_with_parent();
		supervise(listener, without_clsact);
		_exit(0);
	}
	close(listener);
	if (waitpid(child, &status, 0) != child)
		die("waitpid");
	kill(supervisor, SIGKILL);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
