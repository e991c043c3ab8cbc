/** Packets as they are dropped, each with the rule or the reason. */
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { deciderOf } from '../../api/events.ts';
import type { EventsRequest } from '../../host/events.ts';
import type { HostStatus } from '../../host/status.ts';
import { ErrorBox } from '../parts/error-box.tsx';
import { RuleChoice } from '../parts/rule-choice.tsx';
import { VirtualTable } from '../parts/virtual-table.tsx';
import { formatClock, formatCount, formatTime } from '../readable-values.ts';
import { captureOf } from '../sample-file.ts';
import type { NumberedSample } from '../sample-stream.ts';
import { SampleStream } from '../sample-stream.ts';
import type { ScreenProps } from '../shell.tsx';
import { addressOf } from '../shown-screen.ts';

function useSamples(rule: string, withPassed: boolean, isShown: boolean): SampleStream | undefined {
  const [, setVersion] = useState(0);
  const [stream, setStream] = useState<SampleStream | undefined>(undefined);
  useEffect(() => {
    if (!isShown) return undefined;
    const request: EventsRequest = rule === '' ? {} : { rules: [rule], passed: withPassed };
    const opened = new SampleStream(request, () => setVersion((version) => version + 1));
    setStream(opened);
    return () => opened.stop();
  }, [rule, withPassed, isShown]);
  return stream;
}

/** A packet that was read to its end can be explained where it was seen. */
function packetCell({ by, text, interface: name, direction }: NumberedSample): VNode {
  if (by === 'parse') return <span>{text}</span>;
  const packet = `${text} ${direction === 'ingress' ? 'arriving' : 'leaving'} on ${name}`;
  return (
    <a href={addressOf({ screen: 'explain', packet })} title="Explain this packet">
      <code>{text}</code>
    </a>
  );
}

function download(samples: readonly NumberedSample[]): void {
  const address = URL.createObjectURL(captureOf(samples.toReversed()));
  const link = document.createElement('a');
  link.href = address;
  link.download = 'xdpol-drops.pcapng';
  link.click();
  URL.revokeObjectURL(address);
}

interface ControlsProps {
  readonly status: HostStatus | undefined;
  readonly rule: string;
  readonly onRule: (rule: string) => void;
  readonly withPassed: boolean;
  readonly onPassed: (withPassed: boolean) => void;
  readonly isPaused: boolean;
  readonly onPause: () => void;
  readonly shown: readonly NumberedSample[];
}

function Controls(props: ControlsProps): VNode | null {
  const { status, rule, onRule, withPassed, onPassed, isPaused, onPause, shown } = props;
  return (
    <form class="row" onSubmit={(event) => event.preventDefault()}>
      <RuleChoice status={status} rule={rule} onRule={onRule} />
      {rule !== '' && (
        <label class="check">
          <input type="checkbox" checked={withPassed} onChange={(event) => onPassed(event.currentTarget.checked)} />
          also packets that it passes
        </label>
      )}
      <button type="button" aria-pressed={isPaused} onClick={onPause}>
        {isPaused ? 'Continue' : 'Pause'}
      </button>
      <button type="button" disabled={shown.length === 0} onClick={() => download(shown)}>
        Download pcapng
      </button>
    </form>
  );
}

export function Drops({ snapshot, mayDecide }: ScreenProps): VNode | null {
  const [rule, setRule] = useState('');
  const [withPassed, setPassed] = useState(false);
  const [paused, setPaused] = useState<readonly NumberedSample[] | undefined>(undefined);
  const stream = useSamples(rule, withPassed, mayDecide);
  if (!mayDecide)
    return (
      <>
        <h1>Drops</h1>
        <p class="empty">
          Sampled packets contain payload, so they are shown to operators and administrators only:{' '}
          <code>xdpol console --role operator</code>
        </p>
      </>
    );
  const shown = paused ?? stream?.samples ?? [];
  return (
    <>
      <h1>Drops</h1>
      <Controls
        status={snapshot.status}
        rule={rule}
        onRule={setRule}
        withPassed={withPassed}
        onPassed={setPassed}
        isPaused={paused !== undefined}
        onPause={() => setPaused(paused === undefined ? shown : undefined)}
        shown={shown}
      />
      <p class="help">
        Samples: at most 10 a second of each rule and reason, for each interface and direction. The counters have all
        packets.
      </p>
      {stream?.error !== undefined && <ErrorBox error={stream.error} />}
      {stream !== undefined && stream.lost > 0 && (
        <p class="notice warn">{formatCount(stream.lost)} samples were lost: more came than could be read.</p>
      )}
      {shown.length === 0 ? (
        <p class="empty">No packet was dropped since this page was opened.</p>
      ) : (
        <VirtualTable
          label="Sampled packets, the newest first"
          head={['At', 'Interface', 'Verdict', 'Packet', 'Decided by', 'Bytes']}
          rows={shown}
          cells={(sample) => [
            <time title={formatTime(sample.time)}>{formatClock(Date.parse(sample.time) / 1000)}</time>,
            `${sample.interface} ${sample.direction === 'ingress' ? 'in' : 'out'}`,
            <span class={sample.verdict}>{sample.verdict}</span>,
            packetCell(sample),
            deciderOf(sample),
            formatCount(sample.length),
          ]}
          keyOf={({ number }) => String(number)}
          searchIn={(sample) => `${sample.interface} ${sample.verdict} ${sample.text} ${deciderOf(sample)}`}
          numbers={[5]}
        />
      )}
    </>
  );
}
