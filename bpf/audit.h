/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * A policy on trial. The policy in force has decided the packet and jumps here with what it decided, as the slot of a
 * program array; what is returned is that verdict, whatever is found. Only what the policy on trial decides otherwise is
 * counted by its rules, in counters of its own: its action says which way it would change the verdict.
 */
#pragma once
#include "decide.h"

/* Jumps to the policy on trial, and comes back where there is none. `passed`: 0 or 1. */
#ifdef XDPOL_WITHOUT_AUDIT
#define AUDIT(ctx, programs, direction, passed)
#else
#define AUDIT(ctx, programs, direction, passed) \
	bpf_tail_call(ctx, &programs, (direction) * XDPOL_AUDIT_VERDICTS + (passed))
#endif

/* `passed`: 0 or 1, by the policy in force. */
static __always_inline void compare(const struct pkt *pkt, enum outcome outcome, struct hook hook, __u32 passed)
{
	struct decision decision = decide(pkt, outcome);

	if (decision.pass == passed) {
		count(XDPOL_SLOT_AGREED, hook.direction, pkt->bytes);
		return;
	}
	count(decision.slot, hook.direction, pkt->bytes);
	if (sampling.until)
		sample(hook, decision.slot, decision.rank, decision.pass, pkt->bytes);
}
