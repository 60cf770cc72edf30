/**
 * @file The DICOM objects that Chestlight makes, as others read them: golden.json holds what pydicom, highdicom and dcmtk said of the
 * two files (test/fixtures/make/dicom-objects-golden.py); they are still made byte for byte.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import { uidFrom } from '../../main/dicom/objects/film-reference.ts';
import { decimal, GRAYSCALE_STATE, graphicsOf } from '../../main/dicom/objects/presentation-state.ts';
import { readObject } from '../../main/dicom/objects/read-back.ts';
import { ellipseOn } from '../../main/dicom/objects/ellipse.ts';
import { graphicData } from '../../main/dicom/objects/signed-read.ts';
import { COMPREHENSIVE_SR, findingCode, regionOf } from '../../main/dicom/objects/structured-report.ts';
import { percent } from '../../main/dicom/objects/prediction-report.ts';
import {
  DRAWN,
  OUT,
  OVER_EDGE,
  READ,
  reference,
  sampleObjects,
  STATEMENT,
  STATES,
} from '../fixtures/make/dicom-objects.ts';

const golden = z
  .object({
    sha256: z.record(z.string(), z.string()),
    states: z.record(
      z.string(),
      z.object({
        modality: z.boolean(),
        voi: z.boolean().nullable(),
        aspect: z.array(z.number()),
        spacing: z.array(z.number()),
        graphic: z.string(),
        within: z.boolean(),
        dcmpschk: z.array(z.string()),
      }),
    ),
    sr: z.object({
      class: z.string(),
      template: z.string(),
      study: z.string(),
      patient: z.string(),
      groups: z.array(
        z.object({
          tracking: z.string(),
          uid: z.string(),
          finding: z.array(z.string()),
          graphicType: z.string(),
          points: z.array(z.array(z.number())),
        }),
      ),
      dsr2xml: z.array(z.string()),
    }),
    drawn: z.object({
      groups: z.array(z.object({ finding: z.string().nullable(), points: z.array(z.array(z.number())) })),
      texts: z.array(z.string()),
      graphics: z.number(),
      dsr2xml: z.array(z.string()),
      dcmpschk: z.array(z.string()),
    }),
    prediction: z.object({
      class: z.string(),
      template: z.string(),
      study: z.string(),
      observer: z.array(z.string()),
      scores: z.array(
        z.object({
          finding: z.array(z.string()),
          name: z.string(),
          value: z.number(),
          unit: z.string(),
          algorithm: z.array(z.string()),
        }),
      ),
      dsr2xml: z.array(z.string()),
    }),
    gsps: z.object({
      class: z.string(),
      study: z.string(),
      graphics: z.array(z.object({ type: z.string(), points: z.array(z.number()), count: z.number() })),
      texts: z.array(z.string()),
      window: z.array(z.number()),
      area: z.array(z.array(z.number())),
      dcmpschk: z.array(z.string()),
    }),
  })
  .parse(JSON.parse(readFileSync(`${OUT}golden.json`, 'utf8')));
const objects = sampleObjects();
const bytesOf = (name: string): Uint8Array => objects.get(name) ?? new Uint8Array();
const film = reference();

it.each(['sr', 'gsps', 'drawn', 'drawn-gsps', 'prediction', ...STATES.map((name) => `state-${name}`)])(
  '%s is made as it was when the others judged it',
  (name) => {
    expect(createHash('sha256').update(bytesOf(name)).digest('hex')).toBe(golden.sha256[`${name}.dcm`]);
  },
);

it('dcmtk’s own checks complain of nothing', () => {
  expect(golden.sr.dsr2xml).toEqual([]);
  expect(golden.gsps.dcmpschk).toEqual([]);
});

describe('the report, as highdicom reads it', () => {
  it('is a Comprehensive SR by TID 1500 in the study and of the patient of its film', () => {
    expect(golden.sr).toMatchObject({ class: 'ComprehensiveSR', template: '1500', study: film.studyUid });
    expect(golden.sr.patient).toBe(film.study['PatientName']);
    expect(golden.sr.patient).toContain('山田');
  });

  it('has every region at its place with its coded finding; what has no area is not among them', () => {
    const regions = READ.marks.flatMap((mark) => {
      const region = regionOf(mark.shape, film);
      return region === null ? [] : [{ ...mark, region }];
    });
    expect(regions).toHaveLength(4);
    expect(
      golden.sr.groups.map(({ graphicType, points }) => ({ type: graphicType, data: points.flat() })),
    ).toEqual(regions.map(({ region }) => region));
    expect(golden.sr.groups.map(({ finding }) => finding)).toEqual(
      regions.map(({ finding }) => findingCode(finding)),
    );
    expect(new Set(golden.sr.groups.map(({ uid }) => uid)).size).toBe(4);
  });
});

describe('the presentation state, as pydicom reads it', () => {
  it('draws every mark, names it, and shows the whole film in its window', () => {
    expect(golden.gsps).toMatchObject({
      class: 'Grayscale Softcopy Presentation State Storage',
      study: film.studyUid,
      window: film.voi?.kind === 'window' ? [film.voi.center, film.voi.width] : [],
      area: [
        [1, 1],
        [film.cols, film.rows],
      ],
      texts: ['Pneumothorax', 'Nodule/Mass: spiculated', 'Nodule/Mass', 'Nodule/Mass', 'Cardiomegaly'],
    });
    const drawn = READ.marks.flatMap(({ shape }) => graphicsOf(shape, film));
    expect(golden.gsps.graphics.map(({ type, points }) => ({ type, data: points }))).toEqual(drawn);
    for (const { count, points } of golden.gsps.graphics) expect(count).toBe(points.length / 2);
  });
});

it.each([
  ['sr', COMPREHENSIVE_SR],
  ['gsps', GRAYSCALE_STATE],
])('Chestlight reads its own %s the same', (name, sopClassUid) => {
  const facts = readObject(bytesOf(name));
  expect(facts).toMatchObject({ sopClassUid, studyUid: film.studyUid, images: [film.sopInstanceUid] });
  expect(facts.patientName).toBe(film.study['PatientName']);
  const expected =
    name === 'sr'
      ? golden.sr.groups.map(({ points }) => points.flat())
      : golden.gsps.graphics.map(({ points }) => points);
  expect(facts.graphics.map(({ data }) => data)).toEqual(expected);
});

it('codes and UIDs follow from what they name, and fit their fields', () => {
  expect(findingCode('Pneumothorax')).toEqual(['36118008', 'SCT', 'Pneumothorax']);
  const [code, scheme, meaning] = findingCode('x'.repeat(80));
  expect([code.length, scheme, meaning.length]).toEqual([14, '99CHESTLIGHT', 64]);
  expect(findingCode('Nodule/Mass')).toEqual(findingCode('Nodule/Mass'));
  expect(findingCode('Nodule/Mass')[0]).not.toBe(findingCode('Rib fracture')[0]);
  expect(uidFrom('a', 'b')).toBe(uidFrom('a', 'b'));
  expect(uidFrom('a', 'b')).not.toBe(uidFrom('ab'));
  for (let n = 0; n < 200; n++) expect(uidFrom(String(n))).toMatch(/^2\.25\.[1-9]\d{1,38}$/);
  for (const value of [0.1 + 0.2, -1 / 3, 1e-7 / 3, 123456789.123456])
    expect(decimal(value).length).toBeLessThanOrEqual(16);
});

it.each(STATES)('%s: the state shows its film as the film shows itself, by pydicom’s LUTs', (name) => {
  const { voi, aspect, ...rest } = golden.states[name] ?? { voi: false, aspect: [] };
  expect(rest).toEqual({ modality: true, spacing: [], graphic: 'POLYLINE', within: true, dcmpschk: [] });
  expect(voi).toBe(name === 'modality-lut-sequence' ? null : true);
  expect(aspect).toEqual(name === 'nonsquare-pixels' ? [2, 1] : [1, 1]);
});

describe('an ellipse that reaches over the edge', () => {
  const size = { rows: 100, cols: 80 };
  /** Twice the area that an outline encloses (shoelace). */
  const area = (data: readonly number[]): number => {
    let sum = 0;
    for (let at = 0; at + 3 < data.length; at += 2) {
      const [x = 0, y = 0, nextX = 0, nextY = 0] = data.slice(at, at + 4);
      sum += x * nextY - nextX * y;
    }
    return Math.abs(sum) / 2;
  };

  it.each([
    ['its half', { x: -20, y: 30, width: 40, height: 20 }, (Math.PI * 20 * 10) / 2],
    ['its quarter', { x: 60, y: 80, width: 40, height: 40 }, (Math.PI * 20 * 20) / 4],
    ['all of the film', { x: -500, y: -500, width: 1080, height: 1100 }, 8000],
  ])('is drawn by %s that lies on the film', (_, box, expected) => {
    const { type, data } = ellipseOn(box, size);
    expect(type).toBe('POLYLINE');
    expect(data.slice(0, 2)).toEqual(data.slice(-2));
    expect(area(data) / expected).toBeCloseTo(1, 2);
    for (let at = 0; at < data.length; at += 2) {
      expect(data[at]).toBeLessThanOrEqual(size.cols);
      expect(data[at + 1]).toBeLessThanOrEqual(size.rows);
      expect(Math.min(data[at] ?? -1, data[at + 1] ?? -1)).toBeGreaterThanOrEqual(0);
    }
  });

  it('keeps its form: no corner of the film that it does not hold is drawn', () => {
    // (0, 0) is 31.1 from the middle, and the radius 30
    const { data } = ellipseOn({ x: -8, y: -8, width: 60, height: 60 }, size);
    const ends = data.flatMap((x, at) => (at % 2 === 0 ? [Math.hypot(x, data[at + 1] ?? 0)] : []));
    expect(Math.min(...ends)).toBeGreaterThan(1);
  });

  it('with no part on the film still has a place at its edge', () => {
    const { data } = ellipseOn({ x: -9.5, y: -9.5, width: 10, height: 10 }, size);
    expect(data.length).toBeGreaterThan(4);
    expect(Math.max(...data)).toBeLessThan(1);
  });
});

it('a report draws the same outline of it as a state', () => {
  const [mark] = OVER_EDGE.marks;
  if (mark === undefined) throw new Error('there is a mark');
  expect([regionOf(mark.shape, film)]).toEqual(graphicsOf(mark.shape, film));
});

it('what reaches over the edge of the film is cut at it', () => {
  expect(graphicData([{ x: -5, y: 200 }], { rows: 100, cols: 50 })).toEqual([0, 100]);
});

describe('what was drawn in the reading room', () => {
  it('is reported without a finding that nobody named, and drawn whole', () => {
    const regions = DRAWN.marks.flatMap(({ shape }) => regionOf(shape, film) ?? []);
    expect(golden.drawn.groups.map(({ finding }) => finding)).toEqual([null, null, null, null]);
    expect(golden.drawn.groups.map(({ points }) => points.flat())).toEqual(regions.map(({ data }) => data));
    expect(golden.drawn).toMatchObject({ texts: ['spiculated'], graphics: 5, dsr2xml: [], dcmpschk: [] });
  });
});

it('a model’s scores are probabilities by a named algorithm of a named version, as highdicom reads them', () => {
  const { scores, ...report } = golden.prediction;
  expect(report).toEqual({
    class: 'ComprehensiveSR',
    template: '1500',
    study: film.studyUid,
    observer: [STATEMENT.name],
    dsr2xml: [],
  });
  expect(scores.map(({ finding }) => finding)).toEqual(
    STATEMENT.scores.map(({ finding }) => findingCode(finding)),
  );
  for (const [index, { algorithm, name, unit, value }] of scores.entries()) {
    expect({ algorithm, name, unit }).toEqual({
      algorithm: [STATEMENT.name, `${STATEMENT.runId} abababababababab`],
      name: 'Certainty of Finding',
      unit: '%',
    });
    expect(value / 100).toBeCloseTo(STATEMENT.scores[index]?.score ?? -1, 9);
  }
});

it('dcmjs reads the same scores, in the study of the film', () => {
  const { data } = createRequire(import.meta.url)('dcmjs') as Dcmjs;
  const file = data.DicomMessage.readFile(Uint8Array.from(bytesOf('prediction')).buffer);
  const read = data.DicomMetaDictionary.naturalizeDataset(file.dict);
  expect(read.StudyInstanceUID).toBe(film.studyUid);
  const groups = read.ContentSequence.find(
    ({ ConceptNameCodeSequence: [name] }) => name?.CodeValue === '126010',
  );
  const values = (groups?.ContentSequence ?? []).map(
    ({ ContentSequence }) =>
      ContentSequence?.find(({ ValueType }) => ValueType === 'NUM')?.MeasuredValueSequence?.[0]?.NumericValue,
  );
  expect(values.map(Number)).toEqual(STATEMENT.scores.map(({ score }) => Number(percent(score))));
});

/** The part of dcmjs that is used here; the package has no types. */
interface Dcmjs {
  readonly data: {
    readonly DicomMessage: { readFile(bytes: ArrayBuffer): { readonly dict: object } };
    readonly DicomMetaDictionary: {
      naturalizeDataset(dict: object): {
        readonly StudyInstanceUID: string;
        readonly ContentSequence: readonly Item[];
      };
    };
  };
}

interface Item {
  readonly ValueType: string;
  readonly ConceptNameCodeSequence: readonly { readonly CodeValue: string }[];
  readonly ContentSequence?: readonly Item[];
  readonly MeasuredValueSequence?: readonly { readonly NumericValue: number | string }[];
}
