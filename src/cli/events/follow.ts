/** Samples of the host until one of the verb's bounds is met, or Ctrl-C. */
import type { EventsRequest, HostEvent } from '../../host/events.ts';
import type { HostOperations } from '../../host/operations.ts';
import { warn } from '../render/terminal.ts';
import type { SampleOptions } from './sample-options.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** `onEvent` may be given more `lost` events than packets. Returns how many packets it was given. */
export async function followSamples(
  host: HostOperations,
  request: EventsRequest,
  { count = Number.POSITIVE_INFINITY, for: seconds }: SampleOptions,
  onEvent: (event: HostEvent) => void,
): Promise<number> {
  const stop = new AbortController();
  const end = (): void => stop.abort();
  for (const signal of SIGNALS) process.once(signal, end);
  const timer = seconds === undefined ? undefined : setTimeout(end, 1000 * seconds);
  let packets = 0;
  try {
    for await (const event of await host.events(request, stop.signal)) {
      onEvent(event);
      if (event.kind === 'sample' && ++packets >= count) break;
    }
    return packets;
  } finally {
    clearTimeout(timer);
    for (const signal of SIGNALS) process.removeListener(signal, end);
  }
}

/** Said on stderr before the first sample: why there may be none. */
export async function warnWhereNothingIsSampled(host: HostOperations, { audit }: EventsRequest): Promise<void> {
  const { interfaces } = await host.status();
  if (interfaces.length === 0) warn('note: no interface is filtered yet: samples come when one is');
  else if (audit === true && (await host.audit()).policy === null)
    warn('note: no policy is on trial yet: samples come when one is');
}
