/** The samples of one scrape. They are made anew each time: what the kernel no longer has is gone from the answer. */
import { Counter, Gauge, Registry } from 'prom-client';
import type { LabelsOf, MetricName } from './catalogue.ts';
import { METRICS } from './catalogue.ts';

export class Samples {
  readonly registry: Registry = new Registry();
  readonly #metrics = new Map<MetricName, Counter | Gauge>();

  /** One sample; u64 counts become floating point here and nowhere else: exact up to 2^53. */
  add<Name extends MetricName>(name: Name, labels: LabelsOf<Name>, value: number | bigint): void {
    const metric = this.#metrics.get(name) ?? this.#create(name);
    if (metric instanceof Counter) metric.inc(labels, Number(value));
    else metric.set(labels, Number(value));
  }

  #create(name: MetricName): Counter | Gauge {
    const { type, labels, help } = METRICS[name];
    const configuration = { name, help, labelNames: [...labels], registers: [this.registry] };
    const metric = type === 'counter' ? new Counter(configuration) : new Gauge(configuration);
    this.#metrics.set(name, metric);
    return metric;
  }
}
