// SPDX-License-Identifier: (MIT OR GPL-2.0-only)
/* Sends the frame of a live test run out of an interface, as if a driver had received it there. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual MIT/GPL";

const volatile __u32 interface_index = 0;

SEC("xdp")
int redirect(struct xdp_md *ctx)
{
	return bpf_redirect(interface_index, 0);
}
