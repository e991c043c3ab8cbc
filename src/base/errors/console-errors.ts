/** What stands in the way of a browser that uses the web console. */
export const CONSOLE_ERRORS = {
  XDPOL_E_SIGNED_OUT: {
    exit: 1,
    title: 'The browser is not signed in',
    explanation:
      'The address of the console can be used once and for a few minutes, a session lasts eight hours and ends with the agent. xdpol console prints a new address.',
  },
  XDPOL_E_SIGN_IN_LIMIT: {
    exit: 1,
    title: 'Too many attempts to sign in failed',
    explanation:
      'Wrong addresses of the console were tried too often within a minute. The right address still opens a session.',
  },
  XDPOL_E_FORGED: {
    exit: 1,
    title: 'The request is not one of the console',
    explanation:
      'It was sent to another host name than the one on which the console listens, or without the secret of the session that each change must have: another web page may have sent it.',
  },
  XDPOL_E_CONSOLE_FILES: {
    exit: 1,
    title: 'The files of the web console are missing',
    explanation: 'They are built with the program: run npm run build:ts, or install the package again.',
  },
} as const;
