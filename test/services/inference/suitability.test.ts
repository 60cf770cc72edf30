/** @file Each rule of the gate by itself: what it holds back, in which words, and what it lets through. */
import { describe, expect, it } from 'vitest';

import { suitabilityOf, type FilmFacts } from '../../../main/services/inference/suitability.ts';
import { MODEL_SIDE } from '../../../shared/domain/geometry.ts';

const CHEST: FilmFacts = { modality: 'DX', bodyPart: 'CHEST', view: 'PA', rows: 300, cols: 250, aspect: 1 };
/** Every grey level alike often. */
const RAMP = Uint8Array.from({ length: MODEL_SIDE ** 2 }, (_, at) => at % 256);
const NOT_FITTED = { state: 'not-fitted', reason: 'Not fitted.' } as const;
const MEASURED = { distance: 12, limit: 10, quantile: 0.99, trainFilms: 500, validationFilms: 100 };

const reasonsOf = (facts: Partial<FilmFacts>, image = RAMP) =>
  suitabilityOf({ ...CHEST, ...facts }, image, NOT_FITTED).reasons;

it('nothing speaks against a frontal chest film, nor against one that says nothing of itself', () => {
  expect(suitabilityOf(CHEST, RAMP, NOT_FITTED)).toEqual({
    suitable: true,
    reasons: [],
    likeness: NOT_FITTED,
  });
  expect(reasonsOf({ modality: null, bodyPart: null, view: null })).toEqual([]);
});

describe('the header', () => {
  it.each(['CR', 'DX', 'DR', 'XR', 'RG', 'OT', 'SC', 'dx'])('modality %s is a radiograph', (modality) =>
    expect(reasonsOf({ modality })).toEqual([]),
  );
  it.each(['CT', 'MR', 'US', 'MG', 'NM', 'PT', 'XA'])('modality %s is not', (modality) =>
    expect(reasonsOf({ modality })).toEqual([`Modality ${modality} is not a radiograph.`]),
  );
  it.each(['PA', 'AP', 'Frontal', 'AP ERECT', 'AP_horizontal', 'SUPINE', ''])('view "%s" passes', (view) =>
    expect(reasonsOf({ view })).toEqual([]),
  );
  it.each(['LL', 'RL', 'LLD', 'RLD', 'LLO', 'RAO', 'LATERAL', 'lateral', 'LAT', 'AP LLD', 'LORDOTIC'])(
    'view %s is not frontal',
    (view) => expect(reasonsOf({ view })).toEqual([`View ${view} is not frontal.`]),
  );
  it.each(['CHEST', 'THORAX', 'LUNG', 'RIBS', 'PORT CHEST', 'CHEST_PA', 'CHESTABDOMEN', 'HEART'])(
    'body part %s is the chest',
    (bodyPart) => expect(reasonsOf({ bodyPart })).toEqual([]),
  );
  it.each(['HAND', 'ABDOMEN', 'SKULL', 'TSPINE', 'KNEE'])('body part %s is not', (bodyPart) =>
    expect(reasonsOf({ bodyPart })).toEqual([`Not a chest film: its header says ${bodyPart}.`]),
  );
  it('a body part that names the view', () => {
    expect(reasonsOf({ bodyPart: 'CHEST_LAT', view: null })).toEqual([
      'Not a frontal view: its header says CHEST_LAT.',
    ]);
  });
});

describe('the frame', () => {
  it('is judged as it is seen', () => {
    expect(reasonsOf({ rows: 100, cols: 200 })).toEqual([]);
    expect(reasonsOf({ rows: 100, cols: 201 })).toEqual([
      'The picture is 2.0 times as wide as tall (201 × 100), too long for a chest film.',
    ]);
    expect(reasonsOf({ rows: 900, cols: 300 })).toEqual([
      'The picture is 3.0 times as tall as wide (300 × 900), too long for a chest film.',
    ]);
    expect(reasonsOf({ rows: 900, cols: 300, aspect: 1 / 3 })).toEqual([]);
    expect(reasonsOf({ rows: 300, cols: 300, aspect: 3 })).toEqual([
      'The picture is 3.0 times as tall as wide (300 × 300, each pixel 3.00 times as tall as wide), too long for a chest film.',
    ]);
  });
  it('needs something to see, a few bright pixels aside', () => {
    const flat = new Uint8Array(MODEL_SIDE ** 2).fill(90);
    expect(reasonsOf({}, flat)).toEqual(['The film has hardly any contrast.']);
    const specks = flat.map((grey, at) => (at % 200 === 0 ? 255 : grey));
    expect(reasonsOf({}, specks)).toEqual(['The film has hardly any contrast.']);
    expect(
      reasonsOf(
        {},
        flat.map((grey, at) => (at % 50 === 0 ? 255 : grey)),
      ),
    ).toEqual([]);
  });
});

it('what lies farther than the limit is unlike, and every reason is told', () => {
  expect(suitabilityOf(CHEST, RAMP, { state: 'like', ...MEASURED, distance: 9 }).suitable).toBe(true);
  const { suitable, reasons } = suitabilityOf({ ...CHEST, modality: 'CT', view: 'LL' }, RAMP, {
    state: 'unlike',
    ...MEASURED,
  });
  expect(suitable).toBe(false);
  expect(reasons).toHaveLength(3);
  expect(reasons[2]).toMatch(/^Unlike the films this model learned from: distance 12/);
});
