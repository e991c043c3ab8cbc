/** prom-client's own metrics of this process: memory, CPU, file descriptors, event loop. */
import { collectDefaultMetrics, Registry } from 'prom-client';

/** Gauges whose names end as only a counter's may: `promtool check metrics` refuses them, and each has a labelled twin. */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
] as const;

export function processMetrics(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  return registry;
}
