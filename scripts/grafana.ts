/** Dashboards as Grafana imports them, version 10 or newer. */

const DATASOURCE = { type: 'prometheus', uid: '$datasource' } as const;
/** What a panel of chosen hosts selects. */
export const HOST = 'instance=~"$instance"';
/** Grid units; a row of the dashboard has 24. */
const HEIGHT = 8;

type Unit = 'pps' | 'bps' | 's' | 'bytes' | 'short' | 'dateTimeFromNow';

interface Query {
  readonly expression: string;
  readonly legend: string;
}

export interface Panel {
  readonly title: string;
  readonly description: string;
  readonly type: 'timeseries' | 'table' | 'stat';
  readonly unit: Unit;
  readonly width: 4 | 8 | 12 | 24;
  readonly queries: readonly Query[];
}

/** A second, of the chosen hosts. */
export function rate(metric: string, ...labels: readonly string[]): string {
  return `rate(${metric}{${[HOST, ...labels].join(',')}}[$__rate_interval])`;
}

/** A list of values that Prometheus has, to choose from. */
export function variable(name: string, label: string, query: string): object {
  return {
    name,
    label,
    type: 'query',
    datasource: DATASOURCE,
    query: { query, refId: name },
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    allValue: '.*',
    current: { text: 'All', value: '$__all' },
  };
}

function places(panels: readonly Panel[]): readonly { readonly x: number; readonly y: number }[] {
  let x = 0;
  let y = 0;
  return panels.map(({ width }) => {
    if (x + width > 24) {
      x = 0;
      y += HEIGHT;
    }
    const place = { x, y };
    x += width;
    return place;
  });
}

function renderPanel(panel: Panel, id: number, place: { readonly x: number; readonly y: number }): object {
  const isTable = panel.type === 'table';
  return {
    id,
    title: panel.title,
    description: panel.description,
    type: panel.type,
    datasource: DATASOURCE,
    gridPos: { ...place, w: panel.width, h: HEIGHT },
    fieldConfig: { defaults: { unit: panel.unit }, overrides: [] },
    targets: panel.queries.map(({ expression, legend }, i) => ({
      refId: String.fromCharCode(65 + i),
      datasource: DATASOURCE,
      expr: expression,
      legendFormat: legend,
      ...(isTable ? { format: 'table', instant: true } : {}),
    })),
    ...(isTable ? { transformations: [{ id: 'merge', options: {} }] } : {}),
  };
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  /** Besides the one of the data source. */
  readonly variables: readonly object[];
  readonly panels: readonly Panel[];
}

export function renderDashboard({ uid, title, variables, panels }: Dashboard): string {
  const at = places(panels);
  const dashboard = {
    uid,
    title,
    tags: ['xdpol'],
    schemaVersion: 38,
    refresh: '30s',
    time: { from: 'now-3h', to: 'now' },
    templating: {
      list: [{ name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' }, ...variables],
    },
    panels: panels.map((panel, i) => renderPanel(panel, i + 1, at[i] ?? { x: 0, y: 0 })),
  };
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}
