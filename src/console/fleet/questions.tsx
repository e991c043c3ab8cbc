/** What is asked once before the fleet is changed, with how many hosts it is about. */
import type { VNode } from 'preact';
import type {
  FleetDone,
  FleetPreview,
  FleetPreviewRequest,
  FleetRollout,
  FleetSummary,
} from '../../api/fleet-console.ts';
import { FLEET_ROUTES } from '../../api/fleet-console-routes.ts';
import { change, question } from '../api.ts';
import { useAction } from '../parts/action.ts';
import { useAnswer } from '../parts/debounced.ts';
import { Dialog } from '../parts/dialog.tsx';
import { ErrorBox } from '../parts/error-box.tsx';
import { formatCount } from '../readable-values.ts';
import { RollOut } from './roll-out.tsx';

export type Question =
  | { readonly kind: 'roll-out' }
  | { readonly kind: 'stop' | 'resume'; readonly rollout: FleetRollout }
  | { readonly kind: 'roll-back'; readonly target: string };

export interface AnswerProps {
  readonly onDone: () => void;
  readonly onClose: () => void;
}

/** `3 hosts`. */
export function countHosts(count: number): string {
  return `${formatCount(count)} ${count === 1 ? 'host' : 'hosts'}`;
}

export function askPreview(request: FleetPreviewRequest, signal: AbortSignal): Promise<FleetPreview> {
  return question<FleetPreview>(FLEET_ROUTES.preview.path, request, signal);
}

function rolloutPath(name: 'stop' | 'resume', { id }: FleetRollout): string {
  return FLEET_ROUTES[name].path.replace(':id', encodeURIComponent(id));
}

function Stop({ rollout, ...props }: AnswerProps & { readonly rollout: FleetRollout }): VNode {
  const action = useAction();
  const out = rollout.rings.filter(({ isReleased }) => isReleased);
  const reached = out.reduce((sum, { hosts }) => sum + hosts, 0);
  const left = rollout.rings.reduce((sum, { hosts }) => sum + hosts, 0) - reached;
  const stop = (): void =>
    action.run(async () => {
      await change<FleetDone>('POST', rolloutPath('stop', rollout));
      props.onDone();
    });
  return (
    <Dialog title={`Stop ${rollout.what}`} verb="Stop" action={action} onDo={stop} onClose={props.onClose}>
      <p>
        {countHosts(reached)} of {rollout.target} {reached === 1 ? 'is' : 'are'} given {rollout.what} already and{' '}
        {reached === 1 ? 'keeps' : 'keep'} it; {countHosts(left)} {left === 1 ? 'does' : 'do'} not get it. You can go on
        later, or roll back.
      </p>
    </Dialog>
  );
}

function Resume({ rollout, ...props }: AnswerProps & { readonly rollout: FleetRollout }): VNode {
  const action = useAction();
  const next = rollout.rings.find(({ isReleased }) => !isReleased);
  const resume = (): void =>
    action.run(async () => {
      await change<FleetDone>('POST', rolloutPath('resume', rollout));
      props.onDone();
    });
  return (
    <Dialog title={`Go on with ${rollout.what}`} verb="Go on" action={action} onDo={resume} onClose={props.onClose}>
      <p>
        {next === undefined
          ? 'Every ring is released: what is left is to watch the hosts.'
          : `The next ring has ${countHosts(next.hosts)}, when those that have it are well.`}{' '}
        The server of this page releases the rings while it runs.
      </p>
    </Dialog>
  );
}

function RollBack({ target, ...props }: AnswerProps & { readonly target: string }): VNode {
  const action = useAction();
  const { value, error } = useAnswer(target, (signal) => askPreview({ target }, signal));
  const [count = 0] = value?.rings ?? [];
  const rollBack = (): void =>
    action.run(async () => {
      await change<FleetDone>('POST', FLEET_ROUTES.rollBack.path, { target });
      props.onDone();
    });
  return (
    <Dialog
      title={`Roll back ${target}`}
      verb={value === undefined ? 'Roll back' : `Roll back ${countHosts(count)}`}
      isDangerous
      isReady={value !== undefined}
      action={action}
      onDo={rollBack}
      onClose={props.onClose}
    >
      {error !== undefined && <ErrorBox error={error} />}
      {value !== undefined && (
        <p>
          {countHosts(count)} of {countHosts(value.hosts)} of {target} {count === 1 ? 'gets' : 'get'}{' '}
          {value.back === null ? 'what the next target orders, or nothing' : value.back} at once.
          {value.elsewhere > 0 && ` For ${countHosts(value.elsewhere)} another order counts, and stays in force.`}
        </p>
      )}
    </Dialog>
  );
}

export interface QuestionDialogProps extends AnswerProps {
  readonly question: Question;
  readonly summary: FleetSummary;
}

export function QuestionDialog({ question: asked, summary, ...props }: QuestionDialogProps): VNode {
  switch (asked.kind) {
    case 'roll-out':
      return <RollOut groups={summary.groups} {...props} />;
    case 'stop':
      return <Stop rollout={asked.rollout} {...props} />;
    case 'resume':
      return <Resume rollout={asked.rollout} {...props} />;
    case 'roll-back':
      return <RollBack target={asked.target} {...props} />;
  }
}
