/** Throws when the program contradicts itself. For bugs only: user mistakes are diagnostics. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`bug: ${message}`);
}

/** The value, where the surrounding code guarantees that there is one. */
export function present<T>(value: T | undefined | null, message = 'a value is missing'): T {
  assert(value !== undefined && value !== null, message);
  return value;
}
