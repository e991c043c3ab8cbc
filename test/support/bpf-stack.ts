/** How much stack the functions of a BPF object take, as the verifier adds it up. */
import { readFileSync } from 'node:fs';
import { present } from '../../src/base/assert.ts';

/** Of a frame, before Linux 6.13; later kernels round less up. */
const FRAME_UNIT = 32;
const INSTRUCTION = 8;
const STACK_POINTER = 10;
const CALL = 0x85;
const PSEUDO_CALL = 1;
/** Classes of instructions with an address in a register. */
const LDX = 1;
const ST = 2;
const STX = 3;
const SECTION_HEADER = 64;
const SYMBOL = 24;
const RELOCATION = 16;
const FUNCTION = 2;

interface Section {
  readonly name: string;
  readonly at: number;
  readonly size: number;
  readonly link: number;
  /** Of relocations: the section they are for. */
  readonly info: number;
}

interface Func {
  readonly name: string;
  readonly section: number;
  readonly first: number;
  readonly end: number;
}

/** For each program of an object: bytes of its deepest chain of calls, and the functions of that. */
export function deepestChains(path: string): ReadonlyMap<string, { readonly bytes: number; readonly chain: string }> {
  const object = new BpfObject(readFileSync(path));
  const programs = object.functions.filter(({ section }) => object.sectionName(section) !== '.text');
  return new Map(
    programs.map((program) => {
      const chain = object.deepest(program);
      return [program.name, { bytes: object.depthOf(chain), chain: chain.map(({ name }) => name).join(' > ') }];
    }),
  );
}

class BpfObject {
  readonly functions: readonly Func[];
  readonly #bytes: Buffer;
  readonly #sections: readonly Section[];
  /** By section and place: the function that a call there is for; undefined: one of the kernel. */
  readonly #called = new Map<string, Func | undefined>();
  readonly #deepest = new Map<Func, readonly Func[]>();

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#sections = this.#readSections();
    this.functions = this.#readFunctions();
    this.#readRelocations();
  }

  sectionName(number: number): string {
    return present(this.#sections[number]).name;
  }

  depthOf(chain: readonly Func[]): number {
    return chain.reduce((sum, one) => sum + this.#frameOf(one), 0);
  }

  /** A program never calls itself, so that this ends. */
  deepest(caller: Func): readonly Func[] {
    const known = this.#deepest.get(caller);
    if (known !== undefined) return known;
    const below = this.#callsOf(caller).map((callee) => this.deepest(callee));
    const longest = below.toSorted((a, b) => this.depthOf(b) - this.depthOf(a))[0] ?? [];
    const chain = [caller, ...longest];
    this.#deepest.set(caller, chain);
    return chain;
  }

  #frameOf(one: Func): number {
    let depth = 1;
    for (const at of this.#placesOf(one)) {
      const kind = present(this.#bytes[at]) & 7;
      const registers = present(this.#bytes[at + 1]);
      const base = kind === LDX ? registers >> 4 : registers & 15;
      if ([LDX, ST, STX].includes(kind) && base === STACK_POINTER)
        depth = Math.max(depth, -this.#bytes.readInt16LE(at + 2));
    }
    return Math.ceil(depth / FRAME_UNIT) * FRAME_UNIT;
  }

  #callsOf(caller: Func): Func[] {
    return [...this.#placesOf(caller)]
      .filter((at) => this.#bytes[at] === CALL && present(this.#bytes[at + 1]) >> 4 === PSEUDO_CALL)
      .flatMap((at) => this.#calledAt(caller, at) ?? []);
  }

  #calledAt(caller: Func, at: number): Func | undefined {
    const place = at - present(this.#sections[caller.section]).at;
    const key = `${caller.section} ${place}`;
    if (this.#called.has(key)) return this.#called.get(key);
    const target = place + INSTRUCTION * (1 + this.#bytes.readInt32LE(at + 4));
    return this.#functionAt(caller.section, target);
  }

  #functionAt(section: number, place: number): Func {
    const found = this.functions.find((one) => one.section === section && one.first === place);
    return present(found, `no function at ${place}`);
  }

  *#placesOf({ section, first, end }: Func): Generator<number> {
    const { at } = present(this.#sections[section]);
    for (let place = first; place < end; place += INSTRUCTION) yield at + place;
  }

  #readSections(): Section[] {
    const table = Number(this.#bytes.readBigUInt64LE(40));
    const count = this.#bytes.readUInt16LE(60);
    const headers = Array.from({ length: count }, (_, i) => table + SECTION_HEADER * i);
    const offset = (header: number): number => Number(this.#bytes.readBigUInt64LE(header + 24));
    const names = offset(present(headers[this.#bytes.readUInt16LE(62)]));
    return headers.map((header) => ({
      name: this.#text(names + this.#bytes.readUInt32LE(header)),
      at: offset(header),
      size: Number(this.#bytes.readBigUInt64LE(header + 32)),
      link: this.#bytes.readUInt32LE(header + 40),
      info: this.#bytes.readUInt32LE(header + 44),
    }));
  }

  #symbol(number: number): Func & { readonly type: number } {
    const table = present(this.#sections.find(({ name }) => name === '.symtab'));
    const at = table.at + SYMBOL * number;
    const first = Number(this.#bytes.readBigUInt64LE(at + 8));
    return {
      name: this.#text(present(this.#sections[table.link]).at + this.#bytes.readUInt32LE(at)),
      type: present(this.#bytes[at + 4]) & 15,
      section: this.#bytes.readUInt16LE(at + 6),
      first,
      end: first + Number(this.#bytes.readBigUInt64LE(at + 16)),
    };
  }

  #readFunctions(): Func[] {
    const { size } = present(this.#sections.find(({ name }) => name === '.symtab'));
    return Array.from({ length: size / SYMBOL }, (_, i) => this.#symbol(i)).filter(({ type }) => type === FUNCTION);
  }

  /** A call of another section names the function, or its section: then the place is in the instruction. */
  #readRelocations(): void {
    for (const { name, at, size, info } of this.#sections) {
      if (!name.startsWith('.rel') || name.includes('BTF')) continue;
      for (let entry = at; entry < at + size; entry += RELOCATION) {
        const place = Number(this.#bytes.readBigUInt64LE(entry));
        const instruction = present(this.#sections[info]).at + place;
        if (this.#bytes[instruction] !== CALL) continue;
        const symbol = this.#symbol(this.#bytes.readUInt32LE(entry + 12));
        const inSection = INSTRUCTION * (1 + this.#bytes.readInt32LE(instruction + 4));
        const first = symbol.type === FUNCTION ? symbol.first : inSection;
        const called = symbol.section === 0 ? undefined : this.#functionAt(symbol.section, first);
        this.#called.set(`${info} ${place}`, called);
      }
    }
  }

  #text(at: number): string {
    return this.#bytes.toString('utf8', at, this.#bytes.indexOf(0, at));
  }
}
