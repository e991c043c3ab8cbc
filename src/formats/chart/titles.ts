/** Titles of the columns, as the planning chart has them. */
export const TITLES = {
  role: 'Role',
  direction: 'Direction',
  peer: 'From/to',
  local: 'Interface IP address',
  protocol: 'IP Protocol',
  port: 'TCP/UDP port',
} as const;
export type Column = keyof typeof TITLES;
export const COLUMNS: readonly Column[] = Object.keys(TITLES) as readonly Column[];
