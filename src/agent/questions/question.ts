/** What goes to a thread and comes back. */
import type { RouteName } from '../../api/routes.ts';
import type { Asker, OperationEvent } from '../../host/context.ts';
import type { Asked } from '../control/handlers.ts';
import type { EncodedFailure } from '../control/wire-failure.ts';
import type { GoneFlag } from './forsaken.ts';

/** What a thread does for the agent itself. */
export type ThreadDuty = 'observe' | 'restore here';

export interface Question {
  readonly name: RouteName | ThreadDuty;
  readonly asker: Asker;
  readonly asked: Asked;
  /** Of a change that ends where whoever asked goes before anything has changed. */
  readonly gone?: GoneFlag | undefined;
}

export type Answer =
  /** The thread is there; `file` is that of its program. */
  | { readonly kind: 'ready'; readonly file: string }
  | { readonly kind: 'event'; readonly event: OperationEvent }
  | { readonly kind: 'outcome'; readonly json: string }
  | ({ readonly kind: 'failure' } & EncodedFailure);

/** An outcome as it goes over the wire. */
export class JsonText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}
