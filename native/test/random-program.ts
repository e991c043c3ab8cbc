/** Programs in C that do what compilers and people make programs of, at random: the same seed gives the same text. */

const VARIABLES = 6;
const WORDS = 4;
const DEPTH = 3;

/** `at(n)`: a number below n. */
export interface Chance {
  at(n: number): number;
}

export function chanceOf(seed: number): Chance {
  let state = (seed * 2654435761 + 1) >>> 0;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state = (state ^ (state << 5)) >>> 0;
    return state;
  };
  for (let i = 0; i < 8; i++) next();
  return { at: (n) => next() % n };
}

class Writer {
  readonly #chance: Chance;
  #loops = 0;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  #one<T>(choices: readonly T[]): T {
    return choices[this.#chance.at(choices.length)] as T;
  }

  #variable(): string {
    return `v${this.#chance.at(VARIABLES)}`;
  }

  #constant(): string {
    return this.#one([`few[${this.#chance.at(8)}]`, `wide[${this.#chance.at(4)}]`, `tiny[${this.#chance.at(8)}]`]);
  }

  #operand(): string {
    return this.#one([this.#variable(), this.#variable(), this.#constant(), String(this.#chance.at(300))]);
  }

  #expression(): string {
    const [a, b] = [this.#operand(), this.#operand()];
    return this.#one([
      `${a} ${this.#one(['+', '-', '*', '&', '|', '^'])} ${b}`,
      `(__u32)(${a} ${this.#one(['+', '-', '*', '&', '|', '^'])} ${b})`,
      `${a} << (${b} & 63)`,
      `${a} >> (${b} & 63)`,
      `(__u32)${a} << (${b} & 31)`,
      `(__u64)((__s64)${a} >> (${b} & 63))`,
      `(__u32)((__s32)${a} >> (${b} & 31))`,
      `${a} / (${b} | 1)`,
      `${a} % (${b} | 1)`,
      `__builtin_bswap64(${a})`,
      `__builtin_bswap32(${a})`,
      `table[${a} & 15]`,
      `words[${b} & ${WORDS - 1}]`,
      `words[${this.#chance.at(WORDS)}]`,
      `-${a}`,
      `few[${this.#chance.at(8)}] ${this.#one(['+', '-', '*', '<<'])} (few[${this.#chance.at(8)}] & 31)`,
    ]);
  }

  #condition(): string {
    const compare = this.#one(['==', '!=', '<', '<=', '>', '>=']);
    const small = `(${this.#variable()} & 3)`;
    return this.#one([
      `${this.#constant()} ${compare} ${this.#chance.at(6)}`,
      `${this.#variable()} ${compare} ${this.#operand()}`,
      `(__u32)${this.#variable()} ${compare} (__u32)${this.#operand()}`,
      `(__s64)${this.#variable()} ${compare} (__s64)${this.#operand()}`,
      `(__s32)${this.#constant()} ${compare} (__s32)${this.#operand()}`,
      `${this.#operand()} & ${this.#constant()}`,
      `!${this.#constant()}`,
      `${small} ${compare} ${this.#chance.at(4)}`,
      `${small} ${compare} (${this.#variable()} & 3)`,
      `(__s64)${small} - 2 ${compare} ${this.#chance.at(4) - 2}`,
      `(__s64)${small} - 2 ${compare} (__s64)(${this.#variable()} & 3) - 2`,
    ]);
  }

  #block(depth: number): string {
    const rare = this.#chance.at(2) === 0 ? `RARE(${this.#variable()}); ` : '';
    return `{ ${rare}${this.statements(1 + this.#chance.at(4), depth + 1)} }`;
  }

  #statement(depth: number): string {
    const [to, from, word] = [this.#variable(), this.#variable(), this.#chance.at(WORDS)];
    const flat = [
      (): string => `${to} = ${this.#expression()};`,
      (): string => `${to} = ${this.#expression()};`,
      (): string => `words[${from} & ${WORDS - 1}] = ${this.#expression()};`,
      (): string => `words[${this.#chance.at(WORDS)}] = ${this.#expression()};`,
      (): string =>
        `whole[${word}] = ${this.#operand()}; halves[${2 * word + this.#chance.at(2)}] = ${this.#operand()}; ${to} = whole[${word}];`,
      (): string => `${to} = mixed(${this.#operand()}, ${this.#operand()});`,
      (): string => `${to} ^= through(&words[${this.#chance.at(WORDS)}]);`,
      (): string => `KEEP(${to});`,
      (): string => `seen(${from}, &${to});`,
      (): string => `__sync_fetch_and_add(&sum, ${this.#operand()});`,
    ];
    const nested = [
      (): string => `if (${this.#condition()}) ${this.#block(depth)}`,
      (): string => `if (${this.#condition()}) ${this.#block(depth)} else ${this.#block(depth)}`,
      (): string =>
        `switch (${this.#operand()} & 3) { case 0: ${this.#block(depth)} break; case 2: ${this.#block(depth)} default: ${this.#block(depth)} }`,
      (): string => {
        const i = `i${this.#loops++}`;
        return `for (__u32 ${i} = 0; ${i} < (tiny[${this.#chance.at(8)}] & 3); ${i}++) { ${to} += ${i}; ${this.#statement(DEPTH)} }`;
      },
    ];
    return this.#one(depth < DEPTH ? [...flat, ...nested, ...nested] : flat)();
  }

  statements(count: number, depth: number): string {
    return Array.from({ length: count }, () => this.#statement(depth)).join('\n\t');
  }
}

const list = (count: number, item: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => item(i)).join('\n\t');

/** An object with the program `random`, read-only variables `few`, `wide` and `tiny`, and what it found in `.bss`. */
export function randomProgram(chance: Chance): string {
  const writer = new Writer(chance);
  return `
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define KEEP(v) asm volatile("" : "+r"(v))
#define RARE(v) asm volatile("%0 = %0" : "+r"(v))

const volatile __u32 few[8];
const volatile __u64 wide[4];
const volatile __u8 tiny[8];
const __u32 table[16] = { 3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3 };
__u64 out[${VARIABLES + WORDS}], sum;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 5);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

__noinline __u64 mixed(__u64 a, __u64 b)
{
	if (few[0] > 3)
		a ^= b * 3;
	return a + (tiny[1] & 1 ? b : few[2]);
}

static __noinline __u64 through(__u64 *word)
{
	__u64 before = *word;

	if (tiny[3] & 1)
		*word += few[1];
	return before;
}

static __always_inline void seen(__u64 which, __u64 *value)
{
	__u32 key = which & 7;
	__u64 *count = bpf_map_lookup_elem(&counts, &key);

	if (!count)
		return;
	*count += *value;
	*value ^= *count;
}

SEC("xdp.frags")
int random(struct xdp_md *ctx)
{
	__u64 *in = (void *)(long)ctx->data, words[${WORDS}] = {};
	volatile __u64 *whole = words;
	volatile __u32 *halves = (void *)words;
	${list(VARIABLES, (i) => `__u64 v${i};`)}

	if ((void *)(in + ${VARIABLES}) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	${list(VARIABLES, (i) => `v${i} = in[${i}];`)}
	${writer.statements(12, 0)}
	${list(VARIABLES, (i) => `out[${i}] = v${i};`)}
	${list(WORDS, (i) => `out[${VARIABLES + i}] = words[${i}];`)}
	return v0 & 1 ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
`;
}
