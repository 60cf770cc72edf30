/** @file One run as the resolution ladder draws it. */
import type { Interval } from '../../../../shared/contract/base.ts';
import type { Resolution } from '../../../../shared/domain/recipe.ts';

export interface LadderRun {
  readonly name: string;
  /** Label of the line that it belongs to. */
  readonly line: string;
  /** A CSS colour or a custom property such as `--accent`. */
  readonly colour: string;
  readonly resolution: Resolution;
  readonly t1: Interval;
  readonly t2: Interval;
}
