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
}

interface GrowthSpec extends PlotSpec {
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
async function growth(spec: GrowthSpec): Promise<Plot | undefined> {
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

type Figures = readonly Figure[];

function of(figures: Figures, section: Figure['section'], quantity: string): Figures {
  return figures.filter((figure) => figure.section === section && figure.quantity === quantity);
}

function packetPlots(figures: Figures): readonly Promise<Plot | undefined>[] {
  const xdpol = of(figures, 'dataplane', 'over bare').filter(({ subject }) => subject === 'xdpol');
  const drawn = (title: string, prefix: string, x: string): Promise<Plot | undefined> =>
    growth({
      title,
      caption: 'xdpol over a bare drop behind the same generator, in test runs.',
      figures: xdpol.filter(({ policy }) => policy.startsWith(prefix)),
      series: ({ traffic }) => traffic,
      y: 'ns a packet over bare drop',
      x,
    });
  return [
    drawn('A packet, by addresses', 'list-', 'IPv4 prefixes in the list (log)'),
    drawn('A packet, by access-list rules', 'acl-', 'filters (log)'),
    drawn('A packet, by IPv6 addresses', 'v6-', 'IPv6 prefixes in the list (log)'),
  ];
}

function livePlots(figures: Figures): readonly Promise<Plot | undefined>[] {
  const drawn = (title: string, quantity: string): Promise<Plot | undefined> =>
    bars({
      title,
      caption: 'Generator included; all frames are dropped. The baseline is the bare drop of the same rounds.',
      figures: of(figures, 'live', quantity),
      series: ({ subject }) => subject,
      y: 'million frames a second',
    });
  return [drawn('Live frames, one CPU', 'rate, 1 CPU'), drawn('Live frames, two CPUs', 'rate, 2 CPUs')];
}

function aroundPlots(figures: Figures): readonly Promise<Plot | undefined>[] {
  const drawn = (title: string, caption: string, quantity: string, y: string): Promise<Plot | undefined> =>
    growth({
      title,
      caption,
      figures: of(figures, 'compile', quantity).filter(
        ({ policy, spread }) => policy.includes('-') && aboveZero(spread),
      ),
      series: ({ policy }) => policy.split('-')[0] ?? policy,
      y,
      x: 'addresses or filters (log)',
      logY: true,
    });
  const memory = 'Resident at most, less what was resident with the policy in memory.';
  return [
    drawn('Compile time', 'Cold, nothing subtracted.', 'total', 'ms (log)'),
    drawn('Memory: tables', 'Bytes of the tables, nothing subtracted.', 'tables', 'MiB (log)'),
    drawn('Memory: compiler', memory, 'more than before', 'MiB (log)'),
    growth({
      title: 'Scrape',
      caption: 'The whole answer, nothing subtracted.',
      figures: of(figures, 'scrape', 'a scrape'),
      series: ({ traffic }) => traffic,
      y: 'ms (log)',
      x: 'rules (log)',
      logY: true,
    }),
  ];
}

/** A logarithmic axis has no zero. */
function aboveZero(spread: Figure['spread']): boolean {
  return spread !== undefined && spread.low > 0;
}

export async function plots(figures: Figures): Promise<readonly Plot[]> {
  const all = await Promise.all([...packetPlots(figures), ...livePlots(figures), ...aroundPlots(figures)]);
  return all.filter((plot) => plot !== undefined);
}
