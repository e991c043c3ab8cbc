/** How a list of addresses is written. */
export const LIST_FORMATS = ['auto', 'lines', 'hosts', 'ipset', 'nft', 'json', 'p2p'] as const;
export type ListFormat = (typeof LIST_FORMATS)[number];

export interface ListOptions {
  readonly format: ListFormat;
  /** Of lines: the field with the address, counted from 1; undefined: the first, where what follows is no address. */
  readonly column: number | undefined;
  /** Of JSON: the key with the address, with dots between keys of inner objects; undefined: the only one that has one. */
  readonly field: string | undefined;
}

export const PLAIN_LIST: ListOptions = { format: 'auto', column: undefined, field: undefined };
