/** @file What a training process tells while it trains: progress at most twice a second, one record an epoch. */
import type { EpochRecord, RunProgress } from '../../shared/contract/training.ts';
import type { TermMeasurement, StepMeasurements } from '../numeric/train/train-step.ts';
import type { RunPosition } from './checkpoint.ts';
import type { StepTime } from './train-run.ts';
import type { Validation } from './validation.ts';

export interface RunSize {
  readonly epochs: number;
  readonly trainFilms: number;
  readonly stepsPerEpoch: number;
}

interface Sums {
  steps: number;
  films: number;
  loss: number;
  gradNorm: number;
  waitedMs: number;
  readonly terms: Map<TermMeasurement['name'], { value: number; share: number }>;
}

const EVERY_MS = 500;

export class RunReporter {
  readonly #size: RunSize;
  readonly #now: () => number;
  readonly #send: (progress: RunProgress) => void;
  #sums: Sums = emptySums();
  #epochBegan: number;
  #trainedMs = 0;
  /** Of it in this epoch: what its rate goes by, apart from validation and what is written. */
  #epochMs = 0;
  #trainedSteps = 0;
  #toldAt = Number.NEGATIVE_INFINITY;
  #rate: number | null = null;
  #loss: number | null = null;
  #cursor = 0;
  #phase: RunProgress['phase'] = 'waiting';
  #phaseBegan = 0;

  /** `now` in milliseconds, rising. */
  constructor(size: RunSize, now: () => number, send: (progress: RunProgress) => void) {
    this.#size = size;
    this.#now = now;
    this.#send = send;
    this.#epochBegan = now();
  }

  /** `step` of the run, counted from 0; told at once when the phase changes. */
  tell(phase: RunProgress['phase'], epoch: number, step: number): void {
    const { epochs, stepsPerEpoch } = this.#size;
    const steps = epochs * stepsPerEpoch;
    const perStep = this.#trainedSteps === 0 ? null : this.#trainedMs / this.#trainedSteps;
    this.#toldAt = this.#now();
    if (this.#phase !== 'training' && phase === 'training') {
      // What went before (films, the teacher's answers) is no part of the epoch's time.
      this.#epochBegan = this.#toldAt;
    }
    this.#phase = phase;
    this.#send({
      phase,
      epoch,
      epochs,
      step,
      steps,
      fraction: phase === 'done' ? 1 : Math.min(1, step / Math.max(1, steps)),
      loss: this.#loss,
      imagesPerSecond: this.#rate,
      rssBytes: process.memoryUsage.rss(),
      etaSeconds: perStep === null ? null : ((steps - step) * perStep) / 1000,
    });
  }

  /** `done` of `total` films of a phase without steps of its own: `progress.step` of `steps`. The run's fraction stays, unless it is the phase. */
  portion(phase: 'knowledge' | 'compressing' | 'evaluating', done: number, total: number): void {
    const now = this.#now();
    if (this.#phase !== phase) this.#phaseBegan = now;
    if (this.#phase === phase && now - this.#toldAt < EVERY_MS && done < total) return;
    this.#phase = phase;
    this.#toldAt = now;
    const seconds = (now - this.#phaseBegan) / 1000;
    this.#send({
      phase,
      epoch: phase === 'evaluating' ? this.#size.epochs : 0,
      epochs: this.#size.epochs,
      step: Math.min(done, total),
      steps: total,
      fraction: { knowledge: 0, compressing: done / Math.max(1, total), evaluating: 1 }[phase],
      loss: this.#loss,
      imagesPerSecond: null,
      rssBytes: process.memoryUsage.rss(),
      etaSeconds: done > 0 && seconds > 1 ? (seconds / done) * Math.max(0, total - done) : null,
    });
  }

  step(position: RunPosition, measured: StepMeasurements, { tookMs, waitedMs }: StepTime): void {
    const now = this.#now();
    const films = Math.max(0, position.cursor - this.#cursor);
    this.#cursor = position.cursor;
    this.#trainedMs += tookMs;
    this.#epochMs += tookMs;
    this.#trainedSteps += 1;
    this.#rate = (films * 1000) / Math.max(1, tookMs);
    this.#loss = measured.loss;
    addStep(this.#sums, films, measured);
    this.#sums.waitedMs += waitedMs;
    if (now - this.#toldAt >= EVERY_MS) this.tell('training', position.epoch, position.step);
  }

  /** The record of the epoch that has ended; the next one begins. Means are weighted by films. */
  epoch(epoch: number, step: number, learningRate: number, validation: Validation): EpochRecord {
    const sums = this.#sums;
    const now = this.#now();
    const seconds = (now - this.#epochBegan) / 1000;
    const mean = (sum: number): number => sum / Math.max(1, sums.films);
    const record: EpochRecord = {
      epoch,
      step,
      loss: mean(sums.loss),
      terms: [...sums.terms].map(([name, term]) => ({
        name,
        value: mean(term.value),
        share: mean(term.share),
      })),
      learningRate,
      gradNorm: mean(sums.gradNorm),
      validation: {
        loss: validation.loss,
        t1: validation.t1.value,
        k: validation.t1.k,
        of: validation.t1.of,
        t2: validation.t2,
      },
      imagesPerSecond: this.#epochMs > 0 ? (sums.films * 1000) / this.#epochMs : 0,
      seconds,
      waitedSeconds: sums.waitedMs / 1000,
      rssBytes: process.memoryUsage.rss(),
    };
    this.#sums = emptySums();
    this.#phase = 'training'; // the next epoch's time begins here
    this.#epochBegan = now;
    this.#epochMs = 0;
    this.#cursor = 0;
    return record;
  }

  /** A resumed run goes on in the middle of an epoch. */
  goOnFrom(cursor: number): void {
    this.#cursor = cursor;
  }
}

function emptySums(): Sums {
  return { steps: 0, films: 0, loss: 0, gradNorm: 0, waitedMs: 0, terms: new Map() };
}

function addStep(sums: Sums, films: number, measured: StepMeasurements): void {
  sums.steps += 1;
  sums.films += films;
  sums.loss += measured.loss * films;
  sums.gradNorm += measured.gradNorm * films;
  for (const { name, value, share } of measured.terms) {
    const term = sums.terms.get(name) ?? { value: 0, share: 0 };
    sums.terms.set(name, { value: term.value + value * films, share: term.share + share * films });
  }
}
