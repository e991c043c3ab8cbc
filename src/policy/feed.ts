/** Where the members of a live set come from, where these are no commands. Plain values: the store keeps them as JSON. */

export type FeedSource =
  /** A file of this host, read whenever it changes. */
  | { readonly kind: 'file'; readonly path: string }
  /** Fetched by HTTP so often. */
  | { readonly kind: 'url'; readonly url: string; readonly seconds: number }
  /** The decisions of a CrowdSec local API. */
  | { readonly kind: 'crowdsec'; readonly url: string; readonly keyFile: string; readonly seconds: number };

export interface Feed {
  readonly source: FeedSource;
  /** How the list is written; `format` as in LIST_FORMATS, auto unless given. */
  readonly list: {
    readonly format?: string | undefined;
    readonly column?: number | undefined;
    readonly field?: string | undefined;
  };
  /** What the set never takes, whatever the list says: addresses, prefixes, ranges, `me` and `local`, as texts. */
  readonly exclude: readonly string[];
  /** Prefixes whose length is no level are split. */
  readonly split: boolean;
}

/** For people: the URL or the path. */
export function feedText({ source }: Feed): string {
  return source.kind === 'file' ? source.path : source.url;
}
