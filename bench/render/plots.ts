/** The report's plots, as SVG: drawn by Vega-Lite without a browser. Colours are the page's. */

import { parse, View } from 'vega';
import type { Config, TopLevelSpec } from 'vega-lite';
import { compile } from 'vega-lite';
import type { Figure } from '../figure.ts';

export interface Plot {
  readonly title: string;
  /** What the figures are over, and what the bars and whiskers are. */
  readonly caption: string;
  readonly svg: string;
}

interface PlotSpec {
  readonly title: string;
  readonly caption: string;
  readonly figures: readonly Figure[];
  readonly series: (figure: Figure) => string;
  readonly y: string;
  readonly x: string;
  readonly logY?: boolean;
}

const SERIES = Array.from({ length: 8 }, (_, i) => `var(--series-${i})`);
const WIDTH = 640;
const HEIGHT = 300;

const CONFIG: Config = {
  background: 'transparent',
  font: 'system-ui, sans-serif',
  view: { stroke: null },
  axis: {
    labelColor: 'currentColor',
    titleColor: 'currentColor',
    domainColor: 'currentColor',
    tickColor: 'currentColor',
    gridColor: 'currentColor',
    gridOpacity: 0.12,
    titleFontWeight: 'normal',
  },
  legend: {
    labelColor: 'currentColor',
    titleColor: 'currentColor',
    title: null,
    orient: 'bottom',
    columns: 4,
    labelLimit: 300,
  },
  header: { labelColor: 'currentColor', titleColor: 'currentColor' },
  range: { category: SERIES },
};

const QUARTILES = 'Points and bars are medians, whiskers the first and third quartile.';

interface Datum {
  readonly x: number | string;
  readonly series: string;
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

async function svgOf(spec: TopLevelSpec): Promise<string> {
  return await new View(parse(compile(spec, { config: CONFIG }).spec), { renderer: 'none' }).toSVG();
}

function dataOf({ figures, series }: PlotSpec, x: (figure: Figure) => number | string): Datum[] {
  return figures.flatMap((figure) =>
    figure.spread === undefined ? [] : [{ x: x(figure), series: series(figure), ...figure.spread }],
  );
}

/** Lines over the policy's size, on a logarithmic axis. Undefined where there is not enough to draw a line. */
async function growth(spec: PlotSpec): Promise<Plot | undefined> {
  const values = dataOf(spec, ({ size }) => size).filter(({ x }) => Number(x) > 0);
  if (new Set(values.map(({ x }) => x)).size < 2) return undefined;
  const scale = spec.logY === true ? { type: 'log' as const } : { zero: true };
  const y = { type: 'quantitative', title: spec.y, scale } as const;
  const x = {
    field: 'x',
    type: 'quantitative',
    title: spec.x,
    scale: { type: 'log' },
    axis: { format: '~s' },
  } as const;
  const color = { field: 'series', type: 'nominal', sort: null } as const;
  const svg = await svgOf({
    width: WIDTH,
    height: HEIGHT,
    data: { values },
    layer: [
      { mark: { type: 'line', point: true }, encoding: { x, y: { ...y, field: 'median' }, color } },
      { mark: 'rule', encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' }, color } },
    ],
  });
  return { title: spec.title, caption: `${spec.caption} ${QUARTILES}`, svg };
}

/** Bars by policy, one for each series. */
async function bars(spec: PlotSpec): Promise<Plot | undefined> {
  const values = dataOf(spec, ({ policy, traffic }) => `${policy}, ${traffic}`);
  if (values.length === 0) return undefined;
  const y = { field: 'x', type: 'nominal', title: null, sort: null, axis: { labelLimit: 300 } } as const;
  const yOffset = { field: 'series', sort: null } as const;
  const x = { type: 'quantitative', title: spec.y } as const;
  const color = { field: 'series', type: 'nominal', sort: null } as const;
  const svg = await svgOf({
    width: WIDTH - 140,
    height: { step: 10 },
    data: { values },
    layer: [
      { mark: 'bar', encoding: { y, yOffset, x: { ...x, field: 'median' }, color } },
      {
        mark: { type: 'rule', color: 'currentColor' },
        encoding: { y, yOffset, x: { ...x, field: 'low' }, x2: { field: 'high' } },
      },
    ],
  });
  return { title: spec.title, caption: `${spec.caption} ${QUARTILES}`, svg };
}

export async function plots(figures: readonly Figure[]): Promise<readonly Plot[]> {
  const of = (section: Figure['section'], ...quantities: readonly string[]): readonly Figure[] =>
    figures.filter((figure) => figure.section === section && quantities.includes(figure.quantity));
  const xdpol = of('dataplane', 'over bare').filter(({ subject }) => subject === 'xdpol');
  const named = (all: readonly Figure[], prefix: string): readonly Figure[] =>
    all.filter(({ policy }) => policy.startsWith(prefix));
  const growing = (all: readonly Figure[]): readonly Figure[] => all.filter(({ policy }) => policy.includes('-'));
  const byTraffic = ({ traffic }: Figure): string => traffic;
  const byKind = ({ policy }: Figure): string => policy.split('-')[0] ?? policy;
  const packet = 'Over a bare drop behind the same generator, in test runs.';
  const frames = 'Generator included; all frames are dropped. The baseline is the bare drop of the same rounds.';
  const ns = { y: 'ns a packet over bare drop', caption: packet, series: byTraffic } as const;
  const rate = {
    y: 'million frames a second',
    x: '',
    caption: frames,
    series: ({ subject }: Figure): string => subject,
  };
  const size = 'addresses or filters (log)';
  const all = await Promise.all([
    growth({
      ...ns,
      title: 'A packet, by addresses',
      figures: named(xdpol, 'list-'),
      x: 'IPv4 prefixes in the list (log)',
    }),
    growth({ ...ns, title: 'A packet, by access-list rules', figures: named(xdpol, 'acl-'), x: 'filters (log)' }),
    growth({
      ...ns,
      title: 'A packet, by IPv6 addresses',
      figures: named(xdpol, 'v6-'),
      x: 'IPv6 prefixes in the list (log)',
    }),
    bars({ ...rate, title: 'Live frames, one CPU', figures: of('live', 'rate, 1 CPU') }),
    bars({ ...rate, title: 'Live frames, two CPUs', figures: of('live', 'rate, 2 CPUs') }),
    growth({
      title: 'Compile time',
      caption: 'Cold, nothing subtracted.',
      figures: growing(of('compile', 'total')),
      series: byKind,
      y: 'ms (log)',
      x: size,
      logY: true,
    }),
    growth({
      title: 'Memory: tables',
      caption: 'Bytes of the tables, nothing subtracted.',
      figures: growing(of('compile', 'tables')),
      series: byKind,
      y: 'MiB (log)',
      x: size,
      logY: true,
    }),
    growth({
      title: 'Memory: compiler',
      caption: 'Resident at most, less what was resident with the policy in memory.',
      figures: growing(of('compile', 'more than before')).filter(({ spread }) => (spread?.low ?? 0) > 0),
      series: byKind,
      y: 'MiB (log)',
      x: size,
      logY: true,
    }),
    growth({
      title: 'Scrape',
      caption: 'Nothing subtracted.',
      figures: of('scrape', 'a scrape'),
      series: () => 'a scrape',
      y: 'ms (log)',
      x: 'rules (log)',
      logY: true,
    }),
  ]);
  return all.filter((plot) => plot !== undefined);
}
