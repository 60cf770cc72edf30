/**
 * @file Steps that go on where memory runs out: with micro-batches half as large, their gradients summed to the same effective
 * batch; with one film at a time, computing again what was kept for the gradient. The result stays the same.
 */
import { ServiceError } from '../../shared/domain/service-error.ts';
import { OutOfMemoryError } from '../numeric/engine/out-of-memory.ts';
import type { StepWork } from '../numeric/train/train-step.ts';
import type { StepTaker } from './step-taker.ts';

/** How steps are taken. */
export interface StepSize {
  /** Films of the largest micro-batch. */
  readonly microBatch: number;
  /** What a block has computed is computed again for its gradient instead of being kept. */
  readonly recompute: boolean;
}

export interface ShrinkingSteps<Batch> {
  readonly work: Pick<StepWork<Batch, unknown>, 'rows'>;
  /** To begin with. */
  readonly size: StepSize;
  readonly stepsOf: (size: StepSize) => StepTaker<Batch>;
  readonly onShrink: (size: StepSize) => void;
}

/** What needs less memory; null = nothing does. */
function smaller({ microBatch, recompute }: StepSize): StepSize | null {
  if (microBatch > 1) return { microBatch: Math.ceil(microBatch / 2), recompute };
  return recompute ? null : { microBatch, recompute: true };
}

/** @throws ServiceError OUT_OF_MEMORY where one film is too many */
export function shrinkingSteps<Batch extends { readonly films: number }>(
  options: ShrinkingSteps<Batch>,
): StepTaker<Batch> {
  const { work, stepsOf, onShrink } = options;
  let { size } = options;
  let steps = stepsOf(size);
  const shrink = (): void => {
    const next = smaller(size);
    if (next === null) {
      throw new ServiceError(
        'OUT_OF_MEMORY',
        'The memory does not suffice for one film at a time. What was trained is kept. Close other programs or choose a smaller model, then start again.',
      );
    }
    steps.giveBack();
    size = next;
    steps = stepsOf(size);
    onShrink(size);
  };
  return {
    async step(batches, settings) {
      for (;;) {
        const parts = batches.flatMap((batch) => partsOf(batch, size.microBatch, work));
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
