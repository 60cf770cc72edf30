/** @file What a person asks of a running run, and how work in the middle of a batch gives way to it. */

export type Wish = 'go on' | 'pause' | 'stop and keep best' | 'cancel';

/** Thrown between two batches because a person asked; what was half done is dropped, no file is half written. */
export class Stopped extends Error {
  readonly how: 'paused' | 'cancelled';
  constructor(how: Stopped['how']) {
    super(`The run was ${how}.`);
    this.name = 'Stopped';
    this.how = how;
  }
}

export interface Listening {
  /** Lets messages in. */
  readonly between: () => Promise<void>;
  readonly wish: () => Wish;
}

/** Lets messages in; for work that a pause lets finish. @throws Stopped when the run is to be cancelled */
export async function orCancelled({ between, wish }: Listening): Promise<void> {
  await between();
  if (wish() === 'cancel') throw new Stopped('cancelled');
}

/** Lets messages in; for work that is done again when the run goes on. @throws Stopped on pause and cancel */
export async function orStopped(listening: Listening): Promise<void> {
  await orCancelled(listening);
  if (listening.wish() === 'pause') throw new Stopped('paused');
}
