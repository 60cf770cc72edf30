/** @file Everything that a report shows, gathered before a page is written: a page is a pure function of it. */
import type { Evaluation } from '../../../../shared/contract/evaluation.ts';
import type { KeptThreshold } from '../../../../shared/contract/kept-threshold.ts';
import type { attribution } from '../../../../shared/contract/system.ts';
import type { EpochRecord, RunConfig } from '../../../../shared/contract/training.ts';
import type { FilmId, RunId, SplitId } from '../../../../shared/domain/ids.ts';
import type { StepsTaken } from '../../../../shared/domain/steps-taken.ts';
import type { Part } from '../../../../shared/contract/base.ts';
import type { PartCountsRow } from '../../../store/splits.ts';
import type { z } from 'zod';
import type { RunDifference } from '../paired-difference.ts';

export interface ReportRun {
  readonly id: RunId;
  readonly name: string;
  /** Short and unlike the labels of the other runs of the report. */
  readonly label: string;
  readonly config: RunConfig;
  /** Which labels it learned and is measured by, in words. */
  readonly learned: string;
  /** From where on a film is called unlike those that it learned from, in words. */
  readonly suitability: string;
  readonly configHash: string;
  readonly weightsSha256: string | null;
  readonly teacher: string | null;
  readonly device: string | null;
  /** How its steps were really taken; null = not recorded. */
  readonly steps: StepsTaken | null;
  /** Wall time from start to end, s; null = unknown. */
  readonly seconds: number | null;
  readonly bestEpoch: number | null;
  readonly history: readonly EpochRecord[];
  readonly evaluation: Evaluation;
  /** Operating points set by hand, in force when the report was made. */
  readonly kept: readonly KeptThreshold[];
  /** Label or name of the student without distillation, and the difference to it. */
  readonly gain: { readonly against: string; readonly difference: RunDifference } | null;
  readonly notes: readonly string[];
}

export interface ReportSplit {
  readonly id: SplitId;
  readonly name: string;
  readonly seed: number;
  readonly parts: Readonly<Record<Part, PartCountsRow>>;
  readonly sharedPatients: number;
  readonly findings: readonly string[];
}

export interface ReportOverlay {
  readonly run: string;
  /** Stored probability of "abnormal". */
  readonly score: number;
  readonly threshold: number | null;
  /** null when it could not be computed. */
  readonly picture: {
    /** RGB PNG, 224 × 224. */
    readonly png: Uint8Array;
    /** Weakest and strongest cell in multiples of equal attention. */
    readonly multiples: readonly [number, number];
  } | null;
}

export interface ReportFilm {
  readonly filmId: FilmId;
  readonly patient: string;
  readonly abnormal: boolean;
  readonly findings: readonly string[];
  /** Why it is here. */
  readonly why: string;
  /** What each resolution sees: PNG of that many pixels a side. */
  readonly inputs: readonly { readonly resolution: number; readonly png: Uint8Array }[];
  readonly overlays: readonly ReportOverlay[];
}

export interface ReportData {
  readonly madeAt: number;
  /** Teachers first, then by resolution, method, seed. */
  readonly runs: readonly ReportRun[];
  readonly splits: readonly ReportSplit[];
  readonly films: readonly ReportFilm[];
  /** What is missing and why: runs without scores, pictures without an engine. */
  readonly omissions: readonly string[];
  readonly sources: readonly { readonly source: string; readonly licence: string; readonly films: number }[];
  readonly attributions: readonly z.infer<typeof attribution>[];
}
