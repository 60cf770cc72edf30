/** @file The split of a model from elsewhere: one without films, for what it was learned on stayed where it was made. */
import type { SplitId } from './ids.ts';

export const SPLIT_ELSEWHERE = 'split-elsewhere' as SplitId;
