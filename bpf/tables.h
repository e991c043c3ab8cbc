/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/* Elements of the policy tables, each read under a bound that the verifier knows. */
#pragma once
#include "maps.h"

/* Its size is read from the shape at the access: every read of a volatile constant is an instruction that stays. */
struct table {
	void *base;
	enum xdpol_table number;
};

#define TABLE_OF(name) ((struct table){ name, XDPOL_TABLE_##name })

/* Where an element would be. */
struct place {
	void *base;
	__u64 offset;
	int inside; /* 0 past the end, where the compiler never points */
};

/*
 * The empty asm keeps base and offset apart and unknown to clang, so that the check below is the one the verifier
 * sees: an unsigned offset under a constant bound.
 */
static __always_inline struct place place_of(struct table table, __u32 index, __u32 size)
{
	struct place place = { .base = table.base, .offset = index * size };

	asm volatile("" : "+r"(place.base));
	asm volatile("" : "+r"(place.offset));
	place.inside = place.offset <= shape.limits[table.number];
	return place;
}

/* Element `index` of a table, or NULL past its end. */
static __always_inline void *element(struct table table, __u32 index, __u32 size)
{
	struct place place = place_of(table, index, size);

	return place.inside ? place.base + place.offset : NULL;
}

/* Like element, but without a pointer that would be checked once more. */
static __always_inline __u16 read_u16(struct table table, __u32 index)
{
	struct place place = place_of(table, index, sizeof(__u16));

	return place.inside ? *(__u16 *)(place.base + place.offset) : 0;
}

static __always_inline __u32 read_u32(struct table table, __u32 index)
{
	struct place place = place_of(table, index, sizeof(__u32));

	return place.inside ? *(__u32 *)(place.base + place.offset) : 0;
}

static __always_inline __u32 has_bit(__u32 reference, __u32 bit)
{
	return reference & (1U << bit);
}
