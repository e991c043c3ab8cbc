/** The description of an error code, the same wherever it is thrown. */
export interface ErrorEntry {
  /** Of a command that ends with it. */
  readonly exit: 1 | 2;
  readonly title: string;
  readonly explanation: string;
}

export type ErrorCatalogue = Readonly<Record<`XDPOL_E_${string}`, ErrorEntry>>;
