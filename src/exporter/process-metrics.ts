/** prom-client's own metrics of this process: memory, CPU, file descriptors, event loop. */
import type { RegistryContentType } from 'prom-client';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { ExpositionFormat } from './exposition.ts';

/** Gauges whose names end as only a counter's may: `promtool check metrics` refuses them, and each has a labelled twin. */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
] as const;

const OPENMETRICS_END = '# EOF\n';

function createRegistry(format: ExpositionFormat): Registry<RegistryContentType> {
  const type = format === 'openmetrics' ? Registry.OPENMETRICS_CONTENT_TYPE : Registry.PROMETHEUS_CONTENT_TYPE;
  const registry = new Registry<RegistryContentType>();
  registry.setContentType(type);
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  return registry;
}

export class ProcessMetrics {
  /** One for each format: writing OpenMetrics renames the counters of a registry for good. */
  readonly #registries = new Map<ExpositionFormat, Registry<RegistryContentType>>();

  /** As part of a longer answer: without the mark that ends OpenMetrics text. */
  async text(format: ExpositionFormat): Promise<string> {
    let registry = this.#registries.get(format);
    if (registry === undefined) {
      registry = createRegistry(format);
      this.#registries.set(format, registry);
    }
    const text = await registry.metrics();
    return text.endsWith(OPENMETRICS_END) ? text.slice(0, -OPENMETRICS_END.length) : text;
  }
}
