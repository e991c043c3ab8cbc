import { expect, test } from 'vitest';
import { SESSION_LIFE, Sessions } from '../../../src/agent/console/sessions.ts';

const ROOT = { who: 'root', uid: 0, role: 'administrator' } as const;

function codeOf(work: () => unknown): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return (error as { readonly code?: unknown }).code;
  }
}

test('a token opens one session, within five minutes', () => {
  let now = 0;
  const sessions = new Sessions('xdpol console', () => now);
  const { token } = sessions.issueToken(ROOT);
  const { id } = sessions.signIn(token);
  expect(sessions.require(id)).toMatchObject(ROOT);
  expect(codeOf(() => sessions.signIn(token))).toBe('XDPOL_E_SIGNED_OUT');
  const late = sessions.issueToken(ROOT);
  now = late.until;
  expect(codeOf(() => sessions.signIn(late.token))).toBe('XDPOL_E_SIGNED_OUT');
});

test('a session ends after eight hours, and by signing out', () => {
  let now = 0;
  const sessions = new Sessions('xdpol console', () => now);
  const { id } = sessions.signIn(sessions.issueToken(ROOT).token);
  const other = sessions.signIn(sessions.issueToken(ROOT).token);
  sessions.signOut(other.id);
  expect(codeOf(() => sessions.require(other.id))).toBe('XDPOL_E_SIGNED_OUT');
  now = SESSION_LIFE - 1;
  expect(sessions.require(id).who).toBe('root');
  now = SESSION_LIFE;
  expect(codeOf(() => sessions.require(id))).toBe('XDPOL_E_SIGNED_OUT');
  expect(codeOf(() => sessions.require(undefined))).toBe('XDPOL_E_SIGNED_OUT');
});

test('wrong tokens are limited, and a right one opens a session all the same', () => {
  let now = 0;
  const sessions = new Sessions('xdpol console', () => now);
  const wrong = (): unknown => codeOf(() => sessions.signIn('wrong'));
  const codes = Array.from({ length: 11 }, wrong);
  expect(new Set(codes.slice(0, 10))).toEqual(new Set(['XDPOL_E_SIGNED_OUT']));
  expect(codes[10]).toBe('XDPOL_E_SIGN_IN_LIMIT');
  expect(sessions.signIn(sessions.issueToken(ROOT).token).session.who).toBe('root');
  now = 60_001;
  expect(wrong()).toBe('XDPOL_E_SIGNED_OUT');
});
