/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/* An XDP frame: its length, and where reading it begins. */
#pragma once
#include "parse.h"

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

/* The kernel's own structure, as far as it is needed; libbpf finds the field's place. */
struct xdp_buff___local {
	__u32 flags;
} __attribute__((preserve_access_index));

enum xdp_buff_flags___local {
	XDP_FLAGS_HAS_FRAGS = 1,
};

/* Inlined by the verifier. Kernels before 6.2 have none. */
extern void *bpf_cast_to_kern_ctx(void *ctx) __ksym __weak;

/*
 * All its buffers included; `first` is the length of the first one. Where the kernel guards returns (Spectre, SRSO) a helper call costs what a whole lookup
 * does, so it is made only for frames of several buffers.
 */
static __always_inline __u32 frame_length(struct xdp_md *ctx, __u32 first)
{
	struct xdp_buff___local *buff;

	if (!bpf_cast_to_kern_ctx)
		return bpf_xdp_get_buff_len(ctx);
	buff = bpf_cast_to_kern_ctx(ctx);
	if (!(buff->flags & XDP_FLAGS_HAS_FRAGS))
		return first;
	RARE(ctx);
	return bpf_xdp_get_buff_len(ctx);
}

/* Headers are read from the first buffer; what is left, the frame's length, counts all of them. */
static __always_inline struct cursor frame_cursor(struct xdp_md *ctx)
{
	struct cursor cur = { .pos = (void *)(long)ctx->data, .start = &ctx->data, .end = (void *)(long)ctx->data_end };

	cur.left = frame_length(ctx, (__u32)(long)cur.end - (__u32)(long)cur.pos);
	return cur;
}
