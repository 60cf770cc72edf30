/**
 * @file Steps that go on where memory runs out: with micro-batches half as large, their gradients summed to the same effective
 * batch.
 */
import { ServiceError } from '../../shared/domain/service-error.ts';
import { OutOfMemoryError } from '../numeric/engine/out-of-memory.ts';
import type { StepWork } from '../numeric/train/train-step.ts';
import type { StepTaker } from './step-taker.ts';

export interface ShrinkingSteps<Batch> {
  readonly work: Pick<StepWork<Batch, unknown>, 'rows'>;
  /** Films of the largest micro-batch to begin with. */
  readonly microBatch: number;
  /** Takes steps in micro-batches of at most that many films. */
  readonly stepsOf: (microBatch: number) => StepTaker<Batch>;
  /** Told the new size. */
  readonly onShrink: (microBatch: number) => void;
}

/** @throws ServiceError OUT_OF_MEMORY where one film is too many */
export function shrinkingSteps<Batch extends { readonly films: number }>(
  options: ShrinkingSteps<Batch>,
): StepTaker<Batch> {
  const { work, stepsOf, onShrink } = options;
  let size = options.microBatch;
  let steps = stepsOf(size);
  const shrink = (): void => {
    if (size === 1) {
      throw new ServiceError(
        'OUT_OF_MEMORY',
        'The memory does not suffice for one film at a time. What was trained is kept. Close other programs, choose "Save memory" or a smaller model, then start again.',
      );
    }
    steps.giveBack();
    size = Math.ceil(size / 2);
    steps = stepsOf(size);
    onShrink(size);
  };
  return {
    async step(batches, settings) {
      for (;;) {
        const parts = batches.flatMap((batch) => partsOf(batch, size, work));
        try {
          return await steps.step(parts, settings);
        } catch (error) {
          if (!(error instanceof OutOfMemoryError)) throw error;
          shrink();
        }
      }
    },
    giveBack: () => steps.giveBack(),
    dispose: () => steps.dispose(),
  };
}

function partsOf<Batch extends { readonly films: number }>(
  batch: Batch,
  size: number,
  { rows }: ShrinkingSteps<Batch>['work'],
): readonly Batch[] {
  if (batch.films <= size) return [batch];
  return Array.from({ length: Math.ceil(batch.films / size) }, (_, part) =>
    rows(batch, part * size, Math.min(batch.films, (part + 1) * size)),
  );
}
