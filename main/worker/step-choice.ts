/** @file How the steps of a run are taken, graph or not and in which precision: decided once, told, and kept in its checkpoints. */
import type { StepsTaken } from '../../shared/domain/steps-taken.ts';
import type { RunHost } from './run-host.ts';

export class StepChoice {
  readonly #host: Pick<RunHost, 'send'>;
  #taken: StepsTaken | null = null;

  constructor(host: Pick<RunHost, 'send'>) {
    this.#host = host;
  }

  /** Null before the first step. */
  get taken(): StepsTaken | null {
    return this.#taken;
  }

  /** What a checkpoint says; nothing was kept in checkpoints of before. */
  goOnAs(taken: StepsTaken | undefined): void {
    this.#taken = taken ?? null;
  }

  tell(taken: StepsTaken): void {
    this.#taken = taken;
    this.#host.send({ type: 'steps', taken });
  }
}
