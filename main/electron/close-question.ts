/** @file What is asked before the window closes while something is at work. */
import type { Status } from '../../shared/contract/system.ts';
import { assertNever } from '../../shared/domain/service-error.ts';

export type Running = NonNullable<Status['running']>;

/** As `dialog.showMessageBox` takes it. */
export interface CloseQuestion {
  readonly type: 'question';
  readonly message: string;
  readonly detail: string;
  /** The first closes, the second goes on. */
  readonly buttons: [close: string, goOn: string];
  readonly defaultId: number;
  readonly cancelId: number;
}

export const CLOSE = 0;
const GO_ON = 1;

/** Work that closing ends; the rest is paused. */
const STOPS: ReadonlySet<Running['kind']> = new Set(['import', 'export', 'deidentify']);

export function closeQuestion(running: Running): CloseQuestion {
  return {
    type: 'question',
    message: `${running.title} is at work${percent(running)}.`,
    detail: consequence(running.kind),
    buttons: [STOPS.has(running.kind) ? 'Stop and close' : 'Pause and close', 'Go on'],
    defaultId: GO_ON,
    cancelId: GO_ON,
  };
}

function percent({ progress: { done, total } }: Running): string {
  return total === null || total === 0 ? '' : ` (${Math.floor((100 * done) / total)} %)`;
}

function consequence(kind: Running['kind']): string {
  switch (kind) {
    case 'run':
      return 'Pausing saves a checkpoint, which can take half a minute. Resume goes on from there.';
    case 'study':
      return 'Pausing saves a checkpoint, which can take half a minute. Starting the study again goes on with what is missing.';
    case 'import':
      return 'Films that are in stay in. Importing the same folder again goes on with the rest.';
    case 'export':
    case 'deidentify':
      return 'Nothing is left of what is half written. It has to be started again.';
    default:
      return assertNever(kind, 'work');
  }
}

export interface CloseDeps {
  /** What is at work; a rejection counts as nothing: an app that cannot answer has nothing left to pause. */
  readonly running: () => Promise<Running | null>;
  /** Shows the question; resolves with the number of the button. */
  readonly ask: (question: CloseQuestion) => Promise<number>;
}

/** True when the app may close now: nothing is at work, or the person said so. */
export async function mayClose({ running, ask }: CloseDeps): Promise<boolean> {
  const work = await running().catch(() => null);
  return work === null || (await ask(closeQuestion(work))) === CLOSE;
}
