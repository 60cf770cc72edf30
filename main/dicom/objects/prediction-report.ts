/**
 * @file What a model says of a film as a Comprehensive SR by TID 1500 (PS3.16): a measurement group (TID 1501) a finding with the
 * algorithm's identification (TID 4019) and the probability as "Certainty of Finding" in percent, by a device as observer (TID 1004).
 */
import { uidFrom, type FilmReference } from './film-reference.ts';
import type { NaturalObject } from './natural-writer.ts';
import { decimal } from './presentation-state.ts';
import {
  code,
  coded,
  container,
  findingCode,
  item,
  measurementReport,
  reportObject,
  text,
} from './structured-report.ts';

export interface ModelStatement {
  readonly runId: string;
  /** What the algorithm is called. */
  readonly name: string;
  readonly weightsSha256: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Probabilities 0…1; `Abnormal` is T2. */
  readonly scores: readonly { readonly finding: string; readonly score: number }[];
}

/** A probability as it stands in the report: percent, a DS. */
export const percent = (score: number): string => decimal(score * 100);

/** The weights are the version: other weights are another one. */
export const algorithmVersion = ({ runId, weightsSha256 }: ModelStatement): string =>
  `${runId} ${weightsSha256.slice(0, 16)}`;

/** @param version of the app */
export function predictionReport(said: ModelStatement, film: FilmReference, version: string): NaturalObject {
  const { runId, weightsSha256 } = said;
  const shell = {
    sopInstanceUid: uidFrom('prediction', runId, weightsSha256, film.sopInstanceUid),
    seriesUid: uidFrom('prediction series', runId, weightsSha256, film.studyUid),
    seriesNumber: 9903,
    title: `Scores of ${said.name}`,
    at: said.at,
  };
  const observer = [
    code('HAS OBS CONTEXT', ['121005', 'DCM', 'Observer Type'], ['121007', 'DCM', 'Device']),
    item('HAS OBS CONTEXT', 'UIDREF', ['121012', 'DCM', 'Device Observer UID'], {
      UID: uidFrom('model', runId, weightsSha256),
    }),
    text('HAS OBS CONTEXT', ['121013', 'DCM', 'Device Observer Name'], said.name),
    text('HAS OBS CONTEXT', ['121014', 'DCM', 'Device Observer Manufacturer'], 'Chestlight'),
    text('HAS OBS CONTEXT', ['121015', 'DCM', 'Device Observer Model Name'], `Chestlight ${version}`),
  ];
  const groups = said.scores.map((score) => group(said, film, score));
  return reportObject(shell, film, version, measurementReport(film, observer, groups, []));
}

function group(
  said: ModelStatement,
  film: FilmReference,
  { finding, score }: ModelStatement['scores'][number],
): NaturalObject {
  const { runId, weightsSha256, name } = said;
  return {
    ...container(
      'CONTAINS',
      ['125007', 'DCM', 'Measurement Group'],
      [
        text('HAS OBS CONTEXT', ['112039', 'DCM', 'Tracking Identifier'], finding),
        item('HAS OBS CONTEXT', 'UIDREF', ['112040', 'DCM', 'Tracking Unique Identifier'], {
          UID: uidFrom('score', runId, weightsSha256, film.sopInstanceUid, finding),
        }),
        text('HAS CONCEPT MOD', ['111001', 'DCM', 'Algorithm Name'], name),
        text('HAS CONCEPT MOD', ['111003', 'DCM', 'Algorithm Version'], algorithmVersion(said)),
        code('CONTAINS', ['121071', 'DCM', 'Finding'], findingCode(finding)),
        item('CONTAINS', 'NUM', ['111012', 'DCM', 'Certainty of Finding'], {
          MeasuredValueSequence: [
            {
              NumericValue: percent(score),
              MeasurementUnitsCodeSequence: [coded(['%', 'UCUM', 'Percent'])],
            },
          ],
        }),
      ],
    ),
    ContentTemplateSequence: [{ MappingResource: 'DCMR', TemplateIdentifier: '1501' }],
  };
}
