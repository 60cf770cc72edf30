/** @file Schema of the agreement report: what readers of a session agree on, and what its figures cannot say. */
import { z } from 'zod';

import { readerId, timestampMs } from './base.ts';
import { reader } from './review.ts';

const count = z.number().int().nonnegative();

export const agreementRequest = z.object({
  /** first: signed before the model was revealed; revised: signed with it in sight. */
  phase: z.enum(['first', 'revised']).default('first'),
  /** Boxes of two readers are the same finding from this overlap on. */
  leastIou: z.number().min(0.05).max(1).default(0.5),
  /** What readers with and without the model are measured by: nothing, the imported labels, what was settled in this session. */
  reference: z.enum(['none', 'labels', 'settled']).default('none'),
});
export type AgreementRequest = z.infer<typeof agreementRequest>;

/** 95 %. */
const ci = z.tuple([z.number(), z.number()]).readonly().nullable();

/** `ci` null: none can be given (no spread in the sample, or too few films). */
export const kappa = z.object({
  films: count,
  observed: z.number().nullable(),
  expected: z.number().nullable(),
  kappa: z.number().nullable(),
  se: z.number().nullable(),
  ci,
});

/** A share; `value` null without trials. */
const proportion = z.object({ value: z.number().nullable(), ci });

const pair = z.object({ a: readerId, b: readerId, kappa });

const boxes = z.object({
  paired: count,
  onlyA: count,
  onlyB: count,
  meanIou: z.number().nullable(),
  shared: proportion,
});

const rates = z.object({ sensitivity: proportion, specificity: proportion });

/** Seconds with the film open, over the films that a reader signed; `median` null = none. */
const timeSpent = z.object({
  films: count,
  median: z.number().nullable(),
  quartiles: z.tuple([z.number(), z.number()]).readonly().nullable(),
});

/** Why a figure must not be read as more than it is. */
export const AGREEMENT_LIMITS = [
  'not-clustered-by-patient',
  'full-agreement-no-interval',
  'fleiss-unweighted',
  'boxes-not-outlines',
  'reference-is-labels',
  'reference-is-settled',
  'not-all-signed',
  'time-after-reveal-is-added',
] as const;

export const agreementReport = z.object({
  madeAt: timestampMs,
  request: agreementRequest,
  readers: z.array(reader),
  /** Signed films of each reader, in the order of `readers`. */
  signed: z.array(count),
  /** Films that anyone signed, and their patients: fewer patients than films make intervals too narrow. */
  films: count,
  patients: count,
  findings: z.array(z.object({ finding: z.string(), pairs: z.array(pair.extend({ boxes })), fleiss: kappa })),
  questions: z.array(
    z.object({
      questionId: z.string(),
      weights: z.enum(['none', 'linear', 'quadratic']),
      pairs: z.array(pair),
      fleiss: kappa,
    }),
  ),
  /** What adjudicators settled so far, by the decisions that count. */
  settled: z.object({
    accepted: count,
    merged: count,
    /** Of them, those that hold a finding, an answer or a mark that no signed read has. */
    own: count,
  }),
  /** Films that a reader signed without and with the model and whose reference is known. */
  modelEffects: z.array(
    z.object({
      reader: readerId,
      finding: z.string(),
      change: z.object({
        films: count,
        before: rates,
        after: rates,
        better: count,
        worse: count,
        p: z.number(),
      }),
    }),
  ),
  /** Of a session that counts time, by reader; null = it counts none. */
  times: z
    .array(
      z.object({
        reader: readerId,
        /** First reads without the model. */
        without: timeSpent,
        /** With the model in sight; after a reveal what the revision added. */
        with: timeSpent,
      }),
    )
    .nullable(),
  limits: z.array(z.object({ code: z.enum(AGREEMENT_LIMITS), sentence: z.string() })),
});
export type AgreementReportView = z.infer<typeof agreementReport>;
