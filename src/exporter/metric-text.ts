/**
 * The lines of one metric as bytes, kept from scrape to scrape and written anew each time: a scrape of 10,000 rules on four
 * interfaces has 240,000 lines, and a string for each of them costs several times its place in the text.
 */
import { Buffer } from 'node:buffer';

const INITIAL = 1024;
const [ZERO, NEWLINE, POINT] = Buffer.from('0\n.');
/** Of a u64, and of a sign and a point. */
const MOST_DIGITS = 24;
const BILLION = 1e9;
const NINE_DIGITS = 9;
/** Where they are found before it is known how many there are. */
const LAST_DIGITS = new Uint8Array(MOST_DIGITS);

export class MetricText {
  #bytes = Buffer.allocUnsafeSlow(INITIAL);
  #length = 0;

  /** What has been written so far, until more is. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }

  /** A series and its value as text. */
  line(series: string, value: string): void {
    const text = `${series}${value}\n`;
    this.#makeRoom(3 * text.length);
    this.#length += this.#bytes.write(text, this.#length);
  }

  /** A series in two parts and its count. */
  count(start: Uint8Array, end: Uint8Array, value: bigint): void {
    this.#series(start, end);
    const number = Number(value);
    if (number <= Number.MAX_SAFE_INTEGER) this.#digits(number);
    else this.#length += this.#bytes.write(String(value), this.#length);
    this.#bytes[this.#length++] = NEWLINE!;
  }

  /** A series in two parts and a time in seconds, to the millisecond: the clock of the kernel is not finer. */
  time(start: Uint8Array, end: Uint8Array, seconds: number): void {
    this.#series(start, end);
    const milliseconds = Math.round(seconds * 1000);
    this.#digits(Math.floor(milliseconds / 1000));
    const rest = milliseconds % 1000;
    if (rest > 0) {
      const from = this.#length;
      this.#digits(1000 + rest);
      // The 1 that keeps its zeros makes room for the point.
      this.#bytes[from] = POINT!;
    }
    this.#bytes[this.#length++] = NEWLINE!;
  }

  #series(start: Uint8Array, end: Uint8Array): void {
    this.#makeRoom(start.length + end.length + MOST_DIGITS);
    this.#bytes.set(start, this.#length);
    this.#bytes.set(end, this.#length + start.length);
    this.#length += start.length + end.length;
  }

  /** A whole number from 0 to 2^53. */
  #digits(number: number): void {
    const high = Math.floor(number / BILLION);
    if (high > 0) this.#smallDigits(high, 1);
    this.#smallDigits(number - high * BILLION, high > 0 ? NINE_DIGITS : 1);
  }

  /** Of a number whose division is one of integers. */
  #smallDigits(number: number, least: number): void {
    let first = LAST_DIGITS.length;
    for (let rest = number | 0; rest > 0 || first > LAST_DIGITS.length - least; rest = (rest / 10) | 0)
      LAST_DIGITS[--first] = ZERO! + (rest % 10);
    for (; first < LAST_DIGITS.length; first++) this.#bytes[this.#length++] = LAST_DIGITS[first]!;
  }

  #makeRoom(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.#bytes.length, this.#length + more));
    larger.set(this.bytes);
    this.#bytes = larger;
  }
}
