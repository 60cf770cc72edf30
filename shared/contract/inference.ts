/** @file Contract of inference: scores of one film from one run, with attention grids. */
import { z } from 'zod';

import { MAP_SCALES } from '../domain/attention-scale.ts';
import { COLOUR_MAPS } from '../domain/colour-map.ts';
import { filmId, keptFile, procedure, runId } from './base.ts';
import { readerToken } from './readers.ts';
import { keptByHand } from './kept-threshold.ts';
import { uncertainBand } from './uncertain-band.ts';

export const ATTENTION_METHODS = ['last', 'rollout', 'relevance'] as const;
export const attentionMethod = z.enum(ATTENTION_METHODS);
export type AttentionMethod = z.infer<typeof attentionMethod>;

export const attentionMap = z.object({
  method: attentionMethod,
  /** Head number from 0, or null = mean over heads (rollout and relevance have no heads). */
  head: z.number().int().nullable(),
  /** What the map explains: null = class-agnostic (last, rollout), else the finding or "abnormal". */
  target: z.string().nullable(),
  /** Cells a side; row-major `values` [grid·grid], scaled so that the largest is 1. */
  grid: z.number().int(),
  values: z.array(z.number()),
  /** Largest value before scaling. */
  peak: z.number(),
});
export type AttentionMap = z.infer<typeof attentionMap>;

export const scored = z.object({
  name: z.string(),
  /** Probability 0..1 (sigmoid; T2: σ((z_abn − z_nor)/2)). */
  score: z.number(),
  /** In force for this run: set by hand, or chosen on validation; null = none could be chosen. */
  threshold: z.number().nullable(),
  /** Who set the threshold by hand, and what was fitted; null = it is the fitted one. */
  kept: keptByHand.nullable(),
  /** Within `band`. */
  uncertain: z.boolean(),
  /** Where the model is unsure, around the threshold; null = there is no threshold. */
  band: uncertainBand.nullable(),
});

const measuredLikeness = {
  /** Mahalanobis distance to the training films in the model's feature space. */
  distance: z.number(),
  /** Beyond it a film is called unlike: `quantile` (0…1) of films like the validation films are nearer. */
  limit: z.number(),
  quantile: z.number(),
  trainFilms: z.number().int(),
  /** Films that the limit was fitted on. */
  validationFilms: z.number().int(),
};

/** Whether a film is one that the model was made for. Scores of one that is not say nothing. */
export const suitability = z.object({
  suitable: z.boolean(),
  /** Whole sentences; empty = nothing speaks against the film. */
  reasons: z.array(z.string()),
  likeness: z.discriminatedUnion('state', [
    z.object({ state: z.enum(['like', 'unlike']), ...measuredLikeness }),
    /** The model has nothing to compare with; `reason` is a whole sentence. */
    z.object({ state: z.literal('not-fitted'), reason: z.string() }),
  ]),
});
export type Suitability = z.infer<typeof suitability>;

export const prediction = z.object({
  runId,
  filmId,
  runName: z.string(),
  resolution: z.number().int(),
  t2: scored,
  t1: z.array(scored),
  suitability,
  attention: z.array(attentionMap),
  /** What the network saw: PNG of its input at its own resolution. */
  inputHref: z.string(),
  seconds: z.number(),
  cached: z.boolean(),
});
export type Prediction = z.infer<typeof prediction>;

export const FIGURE_FORMATS = ['png', 'pdf'] as const;
export const figureFormat = z.enum(FIGURE_FORMATS);
export type FigureFormat = z.infer<typeof figureFormat>;

/** The attention figure: a row a film, the film itself, then a pane a run; every pane by one method. */
export const figureRequest = z.object({
  films: z.array(filmId).min(1).max(8),
  /** A run a pane, null = that pane of the paper's figure stays empty; null for all = chosen automatically. */
  runIds: z.array(runId.nullable()).min(1).max(7).nullable().default(null),
  method: attentionMethod.default('last'),
  head: z.number().int().min(0).nullable().default(null),
  target: z.string().max(80).nullable().default(null),
  /** One colour range for the panes of a film, or each its own (relevance always has its own). */
  scale: z.enum(MAP_SCALES).default('shared'),
  /** What lies under the maps: the original film, or what each model saw. */
  base: z.enum(['film', 'input']).default('film'),
  /** The finding whose score stands below each pane beside "abnormal". */
  finding: z.string().max(80).nullable().default(null),
  colourMap: z.enum(COLOUR_MAPS).default('inferno'),
  opacity: z.number().min(0).max(1).default(0.65),
  format: figureFormat.default('png'),
});
export type FigureRequest = z.infer<typeof figureRequest>;

/** Who asks, where somebody is signed in: scores of a film that a review session has read without a model are not for everybody. */
export const asker = z.object({ token: readerToken.nullable().optional() });

export const inferenceContract = {
  /** Draws the figure from the maps themselves and keeps the file in the library. */
  figure: procedure.input(figureRequest.extend(asker.shape)).output(keptFile),
  predict: procedure
    .input(
      z.object({
        runId,
        filmId,
        ...asker.shape,
        attention: z
          .array(
            z.object({
              method: attentionMethod,
              head: z.number().int().nullable().default(null),
              target: z.string().nullable().default(null),
            }),
          )
          .max(16)
          .default([{ method: 'last', head: null, target: null }]),
      }),
    )
    .output(prediction),
};
