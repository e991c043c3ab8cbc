/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * The live sets that an address is a member of. A packet of a member makes one more rule lookup for each set, with a
 * class that stands for (set, length) in the place of its address's; every other packet reads a word of the filter.
 */
#pragma once
#include "tables.h"

/* A byte of a live table. The verifier knows the bound and drops the check where clang cannot. */
static __always_inline void *live_place(void *base, __u64 offset, __u32 bytes, __u32 size)
{
	asm volatile("" : "+r"(base));
	asm volatile("" : "+r"(offset));
	return offset <= bytes - size ? base + offset : NULL;
}

/* A place that depends on the word: no CPU reads there before it has read the word. */
static __always_inline const void *after_reading(const void *place, __u64 word)
{
	asm volatile("%[word] &= 0" : [word] "+r"(word));
	return place + word;
}

/* ---- hashes ---- */

static __always_inline __u32 mix_word(__u32 hash, __u32 word)
{
	hash = (hash ^ word) * XDPOL_LIVE_FACTOR_WORD;
	return hash ^ hash >> XDPOL_LIVE_FOLD_WORD;
}

static __always_inline __u32 mix_last(__u32 hash)
{
	hash ^= hash >> XDPOL_LIVE_FOLD_1;
	hash *= XDPOL_LIVE_FACTOR_1;
	hash ^= hash >> XDPOL_LIVE_FOLD_2;
	hash *= XDPOL_LIVE_FACTOR_2;
	return hash ^ hash >> XDPOL_LIVE_FOLD_1;
}

static __always_inline __u32 seed_of_level(__u32 seed, __u32 level)
{
	return seed + level * XDPOL_LIVE_FACTOR_LEVEL;
}

/* ---- the filter ---- */

/* Is there a member that begins as the address does? Always yes where there is. */
static __always_inline int in_live_filter(void *base, const volatile struct xdpol_live_table_shape *table, __u32 hash)
{
	const __u64 bits = 1ULL << (hash & 63) | 1ULL << (hash >> 6 & 63);
	__u64 offset = sizeof(struct xdpol_live_head) + ((__u64)hash >> table->filter_shift) * sizeof(__u64);
	const volatile __u64 *word = live_place(base, offset, table->bytes, sizeof(*word));

	return word && (*word & bits) == bits;
}

static __always_inline int may_be_live4(__u32 address)
{
	const struct xdpol_live_head *head = (const void *)live4;

	return in_live_filter(live4, &live_shape.live4, mix_word(head->seed, address >> (32 - XDPOL_LIVE_BLOCK4)));
}

static __always_inline int may_be_live6(__u64 high)
{
	const struct xdpol_live_head *head = (const void *)live6;
	__u32 hash = mix_word(head->seed, high >> 32);

	return in_live_filter(live6, &live_shape.live6, mix_word(hash, (__u32)high >> (64 - XDPOL_LIVE_BLOCK6)));
}

/* ---- buckets ---- */

/* Where a member may be: one bucket after the other, of which the first is in `number`. */
struct live_search {
	__u32 number, step;
	__u64 ids; /* of the bucket, as one word */
};

static __always_inline struct live_search begin_search(__u32 hash, __u32 buckets)
{
	return (struct live_search){ .number = (__u64)hash * buckets >> 32,
				     .step = 1 + (hash & (XDPOL_LIVE_STEPS - 1)) };
}

/* Without a branch: the verifier would walk what is left of the search once more for every bucket that comes round. */
static __always_inline void go_to_next(struct live_search *search, __u32 buckets)
{
	__s32 beyond = search->number + search->step - buckets, is_before = beyond >> 31;

	asm volatile("" : "+r"(is_before));
	search->number = without_bounds(beyond + (buckets & is_before));
}

/* Its ids are read here, once, and everything else of it afterwards. */
static __always_inline const void *bucket_at(void *base, const volatile struct xdpol_live_table_shape *table,
					     struct live_search *search)
{
	const volatile __u64 *bucket = live_place(base, table->buckets_at + (__u64)search->number * 64, table->bytes, 64);

	if (!bucket)
		return NULL;
	search->ids = *bucket;
	return after_reading((const void *)bucket, search->ids);
}

static __always_inline int is_live(__u32 end, __u64 age)
{
	const __u32 coarse = end >> XDPOL_LIVE_COARSE_BIT;

	return (end & ~(1U << XDPOL_LIVE_COARSE_BIT)) > age >> coarse * XDPOL_LIVE_COARSE_SHIFT;
}

/* Found sets: four bits each, the level. The longest was found first and stays. */
static __always_inline __u64 with_found(__u64 found, __u32 id)
{
	__u32 shift = (id & (XDPOL_LIVE_SETS - 1)) * 4;
	__u64 is_new = ((found >> shift & 15) - 1) >> 63;

	return found | is_new * (id >> XDPOL_LIVE_LEVEL_SHIFT) << shift;
}

/*
 * What matches is told without branches, as they depend on which entry of a bucket a member is in, and the verifier
 * would walk all that follows once for each: by the highest bit of each entry's byte in the word of ids.
 */
static __always_inline __u64 entries_of_level(__u64 ids, __u32 level, __u64 entries)
{
	__u64 others = (ids >> XDPOL_LIVE_LEVEL_SHIFT & entries * 15) ^ entries * level;

	return ~(others + entries * 127) & entries * 128;
}

static __always_inline __u64 bit_if_zero(__u64 difference, int entry)
{
	return (~(difference | -difference) >> 63) << (8 * entry + 7);
}

/* The number of the first entry that has its bit. */
static __always_inline __u32 first_entry(__u64 matching)
{
	const __u64 numbers = 0x0001020304050607ULL;

	return ((matching & -matching) >> 7) * numbers >> 56 & 7;
}

#define ENTRY_BITS(count) (0x0101010101010101ULL >> 8 * (8 - (count)))

/* The sets of the entries that match, unless they have ended. */
static __always_inline __u64 with_entries(__u64 found, __u64 matching, __u64 ids, const volatile __u32 *ends, __u64 age,
					  int most)
{
	for (int i = 0; i < most && matching; i++, matching &= matching - 1) {
		__u32 entry = first_entry(matching);

		if (is_live(ends[entry], age))
			found = with_found(found, ids >> 8 * entry & 255);
	}
	return found;
}

static __always_inline __u64 with_level4(__u64 found, __u32 prefix, __u32 level, __u64 age)
{
	const struct xdpol_live_head *head = (const void *)live4;
	const __u64 entries = ENTRY_BITS(XDPOL_LIVE_SLOTS4);
	__u32 hash = mix_last(mix_word(seed_of_level(head->seed, level), prefix));
	struct live_search search = begin_search(hash, live_shape.live4.buckets);

	for (int probe = 0; probe < XDPOL_LIVE_PROBES; probe++, go_to_next(&search, live_shape.live4.buckets)) {
		const struct xdpol_live_bucket4 *bucket = bucket_at(live4, &live_shape.live4, &search);
		__u64 same = 0;

		if (!bucket)
			break;
#pragma unroll
		for (int i = 0; i < XDPOL_LIVE_SLOTS4; i++)
			same |= bit_if_zero(*(const volatile __u32 *)&bucket->keys[i] ^ prefix, i);
		same &= entries_of_level(search.ids, level, entries);
		found = with_entries(found, same, search.ids, bucket->ends, age, XDPOL_LIVE_SLOTS4);
		if (!(search.ids >> 8 * XDPOL_LIVE_SLOTS4))
			break;
	}
	return found;
}

static __always_inline __u64 with_level6(__u64 found, __u64 high, __u64 low, __u32 level, __u64 age)
{
	const struct xdpol_live_head *head = (const void *)live6;
	const __u64 entries = ENTRY_BITS(XDPOL_LIVE_SLOTS6);
	__u32 hash = mix_word(seed_of_level(head->seed, level), high >> 32);
	struct live_search search;

	hash = mix_word(mix_word(mix_word(hash, high), low >> 32), low);
	search = begin_search(mix_last(hash), live_shape.live6.buckets);
	for (int probe = 0; probe < XDPOL_LIVE_PROBES; probe++, go_to_next(&search, live_shape.live6.buckets)) {
		const struct xdpol_live_bucket6 *bucket = bucket_at(live6, &live_shape.live6, &search);
		const __u32 ids = search.ids;
		__u64 same = 0;

		if (!bucket)
			break;
#pragma unroll
		for (int i = 0; i < XDPOL_LIVE_SLOTS6; i++)
			same |= bit_if_zero((*(const volatile __u64 *)&bucket->highs[i] ^ high) |
						    (*(const volatile __u64 *)&bucket->lows[i] ^ low),
					    i);
		same &= entries_of_level(ids, level, entries);
		found = with_entries(found, same, ids, bucket->ends, age, XDPOL_LIVE_SLOTS6);
		if (!(ids >> 8 * XDPOL_LIVE_SLOTS6))
			break;
	}
	return found;
}

/* ---- the sets of an address ---- */

static __always_inline int asks_for(__u32 levels, __u32 level)
{
	return levels & 1U << level;
}

/* Where filters ask for one set alone, the longest member of it is all that they ask for. */
static __always_inline int is_all(const volatile struct xdpol_live_table_shape *table, __u64 found)
{
	const __u32 set = table->only_set;

	return set < XDPOL_LIVE_SETS && found >> set * 4 & 15;
}

static __always_inline int one_end(const volatile struct xdpol_live_table_shape *table)
{
	return table->ends != (XDPOL_LIVE_SOURCE | XDPOL_LIVE_DESTINATION);
}

/* Jiffies since the epoch of a table, from which its ends are counted. */
static __always_inline __u64 age_of(const void *base)
{
	const struct xdpol_live_head *head = base;

	return bpf_jiffies64() - head->epoch;
}

/* Of an address that the filter lets through. A global function, as the one of IPv6: walked once, not for each end. */
__noinline __u64 found_live4(__u32 address)
{
	__u64 age = age_of(live4), found = 0;

#pragma unroll
	for (int level = 1; level <= XDPOL_LIVE_LEVELS4; level++)
		if (asks_for(live_shape.live4.levels, level)) {
			found = with_level4(found, address >> (level - 1), level, age);
			if (is_all(&live_shape.live4, found))
				return found;
		}
	return found;
}

/* Has anybody ever put a member there? */
static __always_inline int is_used(const void *base)
{
	const struct xdpol_live_head *head = base;

	return head->writer != 0;
}

/* With `in_place` hosts, as most members are, are found without the call that every other search takes. */
static __always_inline __u64 live4_sets(__u32 address, int in_place)
{
	if (!is_used(live4) || !may_be_live4(address))
		return 0;
	if (in_place && asks_for(live_shape.live4.levels, 1)) {
		__u64 found = with_level4(0, address, 1, age_of(live4));

		if (live_shape.live4.levels == 1U << 1 || is_all(&live_shape.live4, found))
			return found;
	}
	return found_live4(address);
}

/* So many of the first bits; 64 at most. */
static __always_inline __u64 first_bits(__u32 length)
{
	return length == 0 ? 0 : ~0ULL << (64 - length);
}

#define LIVE_LENGTH6(level) XDPOL_LIVE_LENGTH6_##level
#define EACH_LIVE_LEVEL6(macro)                                                                                   \
	macro(1) macro(2) macro(3) macro(4) macro(5) macro(6) macro(7) macro(8) macro(9) macro(10) macro(11) \
	macro(12) macro(13) macro(14) macro(15)

__noinline __u64 found_live6(__u64 high, __u64 low)
{
	__u64 age = age_of(live6), found = 0;

#define LOOK_FOR_LEVEL(level)                                                                                     \
	if (asks_for(live_shape.live6.levels, level)) {                                                           \
		found = with_level6(found, high &first_bits(LIVE_LENGTH6(level) < 64 ? LIVE_LENGTH6(level) : 64),    \
				    low &first_bits(LIVE_LENGTH6(level) < 64 ? 0 : LIVE_LENGTH6(level) - 64), level, age); \
		if (is_all(&live_shape.live6, found))                                                             \
			return found;                                                                             \
	}
	EACH_LIVE_LEVEL6(LOOK_FOR_LEVEL)
	return found;
}

static __always_inline __u64 live6_sets(__u64 high, __u64 low, int in_place)
{
	if (!is_used(live6) || !may_be_live6(high))
		return 0;
	if (in_place && asks_for(live_shape.live6.levels, 1)) {
		__u64 found = with_level6(0, high, low, 1, age_of(live6));

		if (live_shape.live6.levels == 1U << 1 || is_all(&live_shape.live6, found))
			return found;
	}
	return found_live6(high, low);
}

/* The class of a set that an address was found in, or 0 where no filter asks for it. */
static __always_inline __u32 live_class(const volatile __u32 *classes, __u64 found, __u32 set)
{
	__u32 level = found >> set * 4 & (XDPOL_LIVE_LEVELS - 1);

	return level ? classes[set * XDPOL_LIVE_LEVELS + level] : 0;
}
