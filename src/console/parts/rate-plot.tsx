/** What passes and what is dropped at an interface, as it comes. */
import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import type { PlotSeries } from '../plot-history.ts';
import { formatClock, formatRate } from '../readable-values.ts';

const HEIGHT = 150;
/** Seconds that are seen. */
const SPAN = 300;

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function optionsFor(width: number): uPlot.Options {
  const axis = { stroke: colour('--soft'), grid: { stroke: colour('--line'), width: 1 }, ticks: { show: false } };
  const series = (label: string, name: string): uPlot.Series => ({
    label,
    stroke: colour(name),
    width: 2,
    points: { show: false },
    value: (_, value) => (value === null ? '—' : formatRate(value)),
  });
  return {
    width,
    height: HEIGHT,
    series: [
      { label: 'at', value: (_, at) => (at === null ? '—' : formatClock(at)) },
      series('pass', '--pass'),
      series('drop', '--drop'),
    ],
    axes: [
      { ...axis, space: 90, values: (_, ticks) => ticks.map(formatClock) },
      { ...axis, size: 78, values: (_, values) => values.map(formatRate) },
    ],
    scales: {
      x: { range: (_, __, last) => [last - SPAN, last] },
      y: { range: (_, __, most) => [0, Math.max(1, most * 1.1)] },
    },
    cursor: { drag: { x: false, y: false } },
  };
}

export interface RatePlotProps {
  readonly label: string;
  readonly series: PlotSeries;
  /** Changes with each reading. */
  readonly at: number;
}

export function RatePlot({ label, series, at }: RatePlotProps): VNode | null {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  useEffect(() => {
    const { current } = place;
    if (current === null) return undefined;
    const draw = (): void => {
      plot.current?.destroy();
      plot.current = new uPlot(optionsFor(current.clientWidth), dataOf(series), current);
    };
    draw();
    const observer = new ResizeObserver(() => plot.current?.setSize({ width: current.clientWidth, height: HEIGHT }));
    observer.observe(current);
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', draw);
    return () => {
      observer.disconnect();
      scheme.removeEventListener('change', draw);
      plot.current?.destroy();
    };
  }, []);
  useEffect(() => plot.current?.setData(dataOf(series)), [at]);
  const [pass = 0, drop = 0] = [series.pass.at(-1), series.drop.at(-1)];
  return (
    <figure class="plot">
      <figcaption>{label}</figcaption>
      <div ref={place} role="img" aria-label={`${label}: ${formatRate(pass)} pass, ${formatRate(drop)} are dropped`} />
    </figure>
  );
}

function dataOf({ at, pass, drop }: PlotSeries): uPlot.AlignedData {
  return [at, pass, drop];
}
