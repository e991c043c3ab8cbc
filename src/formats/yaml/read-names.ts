import type { Diagnostics } from '../../base/diagnostics.ts';
import type { Token } from '../token.ts';

const MAX_NAME = 200;

/** A name that can be printed on one line, typed in a shell and found again: reports where it is not. */
export function readName(token: Token, what: string, diags: Diagnostics): string | undefined {
  const name = token.text;
  if (name.trim() === '') return diags.report('XP0010', token.span, `the ${what} name is empty`);
  if (name !== name.trim()) return diags.report('XP0010', token.span, `the ${what} name starts or ends with a space`);
  if (/\p{Cc}/u.test(name)) {
    return diags.report('XP0010', token.span, `the ${what} name has a line break or a control character`);
  }
  return isTooLong(token, what, diags) ? undefined : name;
}

/** Reports where it is. */
export function isTooLong({ text, span }: Token, what: string, diags: Diagnostics): boolean {
  if (text.length <= MAX_NAME) return false;
  diags.report('XP0010', span, `the ${what} name is longer than ${MAX_NAME}`);
  return true;
}

/** What the kernel accepts: 1-15 bytes, no slash, colon or white space. */
export function readInterface(token: Token, diags: Diagnostics): string | undefined {
  const name = token.text;
  if (/^[^\s/:]{1,15}$/u.test(name) && name !== '.' && name !== '..') return name;
  return diags.report('XP0309', token.span, `"${name}" cannot be the name of an interface`);
}
