/** @file Localisation figures of a run from maps and boxes: pure. Intervals by drawing patients. */
import type { Interval } from '../../../shared/contract/base.ts';
import type { Localisation, LocalisedFinding } from '../../../shared/contract/localisation.ts';
import { bootstrapByPatient } from '../../numeric/metrics/bootstrap.ts';
import {
  bestThreshold,
  IOU_THRESHOLDS,
  meanKnown,
  type Localised,
} from '../../numeric/metrics/localisation.ts';
import { BOOTSTRAP } from './measure-part.ts';

/** One finding on one film. */
export interface LocalisedCase {
  readonly finding: string;
  readonly patient: string;
  readonly boxes: number;
  readonly map: Localised;
  readonly prior: Localised | null;
}

const FEW_FILMS = 10;
type Measure = 'pointing' | 'energy' | 'iou';
type Side = 'map' | 'prior';
type Figures = Pick<LocalisedFinding, Measure>;

/** Figures of every case, IoU cut at its finding's threshold. */
interface Scored {
  readonly finding: string;
  readonly patient: string;
  readonly values: Readonly<Record<Side, Readonly<Record<Measure, number | null>>>>;
}

function valuesOf(one: Localised | null, threshold: number | null): Record<Measure, number | null> {
  const iou = threshold === null ? null : (one?.iou[threshold] ?? null);
  return { pointing: one?.pointing ?? null, energy: one?.energy ?? null, iou };
}

/** Mean of the findings' means over some of the cases, which may repeat. */
function macroMean(cases: readonly Scored[], side: Side, measure: Measure): number | null {
  const byFinding = Map.groupBy(cases, ({ finding }) => finding);
  return meanKnown(
    [...byFinding.values()].map((own) => meanKnown(own.map(({ values }) => values[side][measure]))),
  );
}

function intervalOf(cases: readonly Scored[], side: Side, measure: Measure): Interval {
  const { ci } = bootstrapByPatient(
    cases.map(({ patient }) => patient),
    (drawn) =>
      macroMean(
        Array.from(drawn, (at) => cases[at]).filter((one) => one !== undefined),
        side,
        measure,
      ),
    BOOTSTRAP,
  );
  return { value: macroMean(cases, side, measure), ci: ci === null ? null : [ci[0], ci[1]] };
}

function figures(cases: readonly Scored[], withPrior: boolean): Figures {
  const of = (measure: Measure): Figures[Measure] => ({
    map: intervalOf(cases, 'map', measure),
    prior: withPrior ? intervalOf(cases, 'prior', measure) : null,
  });
  return { pointing: of('pointing'), energy: of('energy'), iou: of('iou') };
}

/** `priorFilms` counts the training films behind each finding's prior. Findings without a case are left out. */
export function measureLocalisation(
  cases: readonly LocalisedCase[],
  priorFilms: ReadonlyMap<string, number>,
): Pick<Localisation, 'perFinding' | 'macro'> {
  const byFinding = Map.groupBy(cases, ({ finding }) => finding);
  const scored: Scored[] = [];
  const perFinding = [...byFinding].map(([name, own]): LocalisedFinding => {
    const priors = own.map(({ prior }) => prior).filter((prior) => prior !== null);
    const threshold = bestThreshold(own.map(({ map }) => map));
    const priorThreshold = bestThreshold(priors);
    const these = own.map(({ finding, patient, map, prior }) => ({
      finding,
      patient,
      values: { map: valuesOf(map, threshold), prior: valuesOf(prior, priorThreshold) },
    }));
    scored.push(...these);
    return {
      name,
      films: own.length,
      boxes: own.reduce((sum, { boxes }) => sum + boxes, 0),
      priorFilms: priorFilms.get(name) ?? 0,
      threshold: threshold === null ? null : (IOU_THRESHOLDS[threshold] ?? null),
      unstable: own.length < FEW_FILMS,
      ...figures(these, priors.length > 0),
    };
  });
  const allPriors = perFinding.length > 0 && perFinding.every(({ priorFilms: films }) => films > 0);
  return { perFinding, macro: { findings: perFinding.length, ...figures(scored, allPriors) } };
}
