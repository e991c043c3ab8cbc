/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/* Map definitions, nothing else. */
#pragma once
#include "layout.h"

#include <bpf/bpf_helpers.h>

/*
 * Counters outlive every generation of the program: the loader puts in the interface's pinned map.
 * The size here is the smallest that loads.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, struct xdpol_counter);
	__uint(max_entries, XDPOL_SLOT_FIRST_NAMED *XDPOL_DIRECTIONS);
} counters SEC(".maps");

/* Samples and what they cost each rule are the interface's too. A ring of this size is for programs that nobody samples. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} samples SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct xdpol_budget);
	__uint(max_entries, XDPOL_SLOT_FIRST_NAMED *XDPOL_DIRECTIONS);
} budgets SEC(".maps");

/*
 * enum xdpol_audit. One for each type of program, as an array takes but one. They are the interface's: the loader puts in
 * the pinned ones.
 */
struct audit_programs {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
	__uint(max_entries, XDPOL_AUDIT_PROGRAMS);
};

struct audit_programs audit_xdp SEC(".maps");
struct audit_programs audit_tc SEC(".maps");

/*
 * What follows is rare, and is loaded behind everything else: a register that is moved to itself says so
 * (native/README.md).
 */
#define RARE(value) asm volatile("%0 = %0" : "+r"(value))

struct xdpol_sampling sampling SEC(".data.sampling");

const volatile struct xdpol_shape shape = {
	.layout_version = XDPOL_LAYOUT_VERSION,
	.limits = { [0 ... XDPOL_TABLES - 1] = XDPOL_TABLE_UNIT - XDPOL_ELEMENT_MOST },
};

const volatile struct xdpol_live_shape live_shape = {
	.live4 = { .bytes = XDPOL_TABLE_UNIT },
	.live6 = { .bytes = XDPOL_TABLE_UNIT },
};

struct xdpol_trace trace;

/* Never read: it carries the layout's types into BTF. */
const struct xdpol_types *layout_types;

/*
 * A table is addressed as a global: no lookup, no NULL check, and userspace fills it through mmap.
 * The loader replaces each of these sections by an array of the policy's exact size.
 */
#define TABLE(name, element) __u8 name[XDPOL_TABLE_UNIT] SEC(".data." #name);

XDPOL_EACH_TABLE(TABLE)

/* The tables of live sets outlive generations too. A policy without live sets is loaded over these, and reads neither. */
TABLE(live4, struct xdpol_live_head)
TABLE(live6, struct xdpol_live_head)
