/** The two text formats that Prometheus reads, and which of them a client asks for. */

export type ExpositionFormat = 'prometheus' | 'openmetrics';

/** https://prometheus.io/docs/instrumenting/exposition_formats/ and the OpenMetrics 1.0 specification. */
export const CONTENT_TYPES: Readonly<Record<ExpositionFormat, string>> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

interface Preference {
  readonly type: string;
  /** 0 to 1. */
  readonly quality: number;
}

function preferencesOf(header: string): readonly Preference[] {
  return header.split(',').map((item) => {
    const [type = '', ...parameters] = item.split(';').map((part) => part.trim().toLowerCase());
    const quality = parameters.find((parameter) => parameter.startsWith('q='));
    const value = quality === undefined ? 1 : Number(quality.slice(2));
    return { type, quality: Number.isFinite(value) ? value : 0 };
  });
}

function qualityOf(preferences: readonly Preference[], types: readonly string[]): number {
  return Math.max(0, ...preferences.filter(({ type }) => types.includes(type)).map(({ quality }) => quality));
}

/** OpenMetrics where the client names it and does not prefer plain text to it; plain text for everybody else. */
export function formatFor(accept: string | undefined): ExpositionFormat {
  const preferences = preferencesOf(accept ?? '');
  const openmetrics = qualityOf(preferences, ['application/openmetrics-text']);
  return openmetrics > 0 && openmetrics >= qualityOf(preferences, ['text/plain', 'text/*'])
    ? 'openmetrics'
    : 'prometheus';
}

export type Encoding = 'identity' | 'gzip';

/** gzip for every client that takes it. */
export function encodingFor(acceptEncoding: string | undefined): Encoding {
  return qualityOf(preferencesOf(acceptEncoding ?? ''), ['gzip', '*']) > 0 ? 'gzip' : 'identity';
}
