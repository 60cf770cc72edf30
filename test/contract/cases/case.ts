/** @file What a case is: a procedure called as the window calls it, inputs that are not allowed, inputs that are refused. */
import type { Contract, ContractClient } from '../../../shared/contract/index.ts';
import type { ErrorCode } from '../../../shared/domain/service-error.ts';
import type { World } from '../world.ts';

export interface At {
  readonly client: ContractClient;
  readonly world: World;
}

export interface Refusal {
  /** The input, or a promise of it. */
  readonly input: (world: World) => unknown;
  readonly code: ErrorCode;
  /** The refusal uses its input up: another call needs one of its own. */
  readonly spent?: true;
}

export interface Case {
  /** Calls the procedure as the window does. Resolves with what it answered; of a stream, with its events. */
  readonly valid: (at: At) => Promise<unknown>;
  /** Reads only: both transports must give the same. */
  readonly reads?: boolean;
  /** Inputs that the contract does not allow, beside those that no procedure allows. */
  readonly bad: readonly unknown[];
  /** Inputs that it allows and the app refuses. */
  readonly refused: readonly Refusal[];
}

export type Cases = { readonly [C in keyof Contract]: { readonly [P in keyof Contract[C]]: Case } };

/** Events of a stream until `enough` says so; then the caller goes, as a page does that needs no more. */
export async function take<Event>(
  stream: Promise<AsyncIterable<Event>>,
  enough: (events: readonly Event[]) => boolean = () => false,
): Promise<Event[]> {
  const events: Event[] = [];
  for await (const event of await stream) {
    events.push(event);
    if (enough(events)) break;
  }
  return events;
}

export const NOBODY = { film: 'film-00000000', run: 'run-00000000', split: 'split-00000000' } as const;
export const noRun: Refusal = { input: () => ({ runId: NOBODY.run }), code: 'NOT_FOUND' };
export const badRunIds = [{}, { runId: 7 }, { runId: '../etc' }, { runId: 'x'.repeat(65) }];
export const badFilmIds = [{}, { filmId: null }, { filmId: 'FILM-1' }];
/** A request that starts a run which waits behind the one at work. */
export const waiting = {
  method: 'none',
  model: 'tiny',
  resolution: 28,
  preset: 'quick',
  recipe: { epochs: 1, batch: 4 },
} as const;
