/** @file Splits: never a shared patient, the same for the same seed, the given parts kept, what cannot be is refused. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { makeSplit } from '../../../main/services/library/splitter.ts';
import type { SplitCandidate } from '../../../main/store/splits.ts';
import type { Part } from '../../../shared/contract/base.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { hex } from '../../helpers/synthetic-rows.ts';

const request = { seed: 1, validation: 0.1, test: 0.2, useGivenParts: true };

interface Film {
  readonly patient: number;
  readonly abnormal?: boolean | null;
  readonly part?: Part | null;
  readonly positives?: readonly string[];
}

function candidates(films: readonly Film[]): SplitCandidate[] {
  return films.map(({ patient, abnormal = null, part = null, positives = [] }, no) => ({
    no,
    id: `film-${hex(no, 32)}` as never,
    patientNo: patient,
    patientKey: hex(patient, 64) as never,
    abnormal,
    givenPart: part,
    positives,
  }));
}

function refusal(films: readonly Film[], changes: Partial<typeof request> = {}): ServiceError {
  try {
    makeSplit(candidates(films), { ...request, ...changes });
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
  throw new Error('expected a refusal');
}

const many = (count: number, film: (index: number) => Film): Film[] =>
  Array.from({ length: count }, (_, index) => film(index));

function partsOf(films: readonly Film[], members: ReadonlyMap<number, Part>, part: Part): readonly Film[] {
  return films.filter(({ patient }) => members.get(patient) === part);
}

const anyFilm = fc.record({
  patient: fc.nat(60),
  abnormal: fc.constantFrom(true, false, null),
  positives: fc.subarray(['Edema', 'Hernia', 'Pneumonia', 'No finding']),
});

describe('any library', () => {
  it('is split by patient, every film once, the same for the same seed', () => {
    fc.assert(
      fc.property(
        fc.array(anyFilm, { minLength: 3, maxLength: 200 }),
        fc.record({
          seed: fc.nat(1000),
          validation: fc.double({ min: 0.02, max: 0.4, noNaN: true }),
          test: fc.double({ min: 0.02, max: 0.5, noNaN: true }),
        }),
        (films, changes) => {
          const asked = { ...request, ...changes };
          let made;
          try {
            made = makeSplit(candidates(films), asked);
          } catch (error) {
            expect(error).toBeInstanceOf(ServiceError);
            return;
          }
          const patients = new Set(films.map(({ patient }) => patient));
          expect(new Set(made.members.keys())).toEqual(patients); // a Map: one part a patient
          for (const part of ['train', 'validation', 'test'] as const) {
            expect(partsOf(films, made.members, part).length).toBeGreaterThan(0);
          }
          const train = partsOf(films, made.members, 'train');
          expect(
            train.some(({ abnormal }) => abnormal === true) &&
              train.some(({ abnormal }) => abnormal === false),
          ).toBe(true);
          expect([...makeSplit(candidates(films), asked).members]).toEqual([...made.members]);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('keeps the given parts and never adds to a given test part', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            film: anyFilm,
            given: fc.constantFrom<Part | null>('train', 'validation', 'test', null),
          }),
          { minLength: 10, maxLength: 150 },
        ),
        (rows) => {
          const partOfPatient = new Map(rows.map(({ film, given }) => [film.patient, given]));
          const films = rows.map(({ film }) => ({ ...film, part: partOfPatient.get(film.patient) ?? null }));
          let made;
          try {
            made = makeSplit(candidates(films), request);
          } catch (error) {
            expect(error).toBeInstanceOf(ServiceError);
            return;
          }
          const givenTest = [...partOfPatient.values()].includes('test');
          for (const [patient, part] of partOfPatient) {
            if (part === 'test' || part === 'validation') expect(made.members.get(patient)).toBe(part);
            else if (givenTest) expect(made.members.get(patient)).not.toBe('test');
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('stratification', () => {
  it('spreads the rare finding and both kinds by the shares', () => {
    const films = many(400, (index) => ({
      patient: index,
      abnormal: index % 2 === 0,
      positives: [...(index % 40 === 0 ? ['Hernia'] : []), ...(index % 4 === 0 ? ['Edema'] : [])],
    }));
    for (let seed = 0; seed < 20; seed++) {
      const { members } = makeSplit(candidates(films), { ...request, seed });
      const count = (part: Part, fits: (film: Film) => boolean): number =>
        partsOf(films, members, part).filter(fits).length;
      expect(count('test', (film) => film.positives?.includes('Hernia') ?? false)).toBe(2);
      expect(count('validation', (film) => film.positives?.includes('Hernia') ?? false)).toBe(1);
      expect(
        Math.abs(count('test', (film) => film.positives?.includes('Edema') ?? false) - 20),
      ).toBeLessThanOrEqual(1);
      expect(Math.abs(count('test', ({ abnormal }) => abnormal === true) - 40)).toBeLessThanOrEqual(1);
      expect(Math.abs(count('test', () => true) - 80)).toBeLessThanOrEqual(2);
    }
  });

  it('gives other seeds other splits', () => {
    const films = many(60, (index) => ({ patient: index, abnormal: index % 2 === 0 }));
    const tests = [1, 2, 3].map((seed) =>
      [...makeSplit(candidates(films), { ...request, seed }).members]
        .filter(([, part]) => part === 'test')
        .join(),
    );
    expect(new Set(tests).size).toBe(3);
  });

  it('finds a place in train and test for two films of the rarer kind', () => {
    const films = many(12, (index) => ({ patient: index, abnormal: index < 2 }));
    const { members } = makeSplit(candidates(films), request);
    expect([members.get(0), members.get(1)].sort()).toEqual(['test', 'train']);
  });
});

describe('given parts', () => {
  const given = (part: Part, count: number, start: number): Film[] =>
    many(count, (index) => ({ patient: start + index, abnormal: index % 2 === 0, part }));

  it('without a validation part: it is carved from train, and that is said', () => {
    const films = [...given('train', 40, 0), ...given('test', 10, 100)];
    const { members, warnings } = makeSplit(candidates(films), request);
    expect(partsOf(films, members, 'test')).toHaveLength(10);
    expect(partsOf(films, members, 'validation')).toHaveLength(4);
    expect(warnings.join('\n')).toMatch(/validation part; it was carved/);
  });

  it('may be left aside', () => {
    const films = [...given('train', 40, 0), ...given('test', 10, 100)];
    const { members } = makeSplit(candidates(films), { ...request, useGivenParts: false });
    expect(partsOf(films, members, 'test').some(({ part }) => part === 'train')).toBe(true);
  });

  it('with a patient on both sides are refused, and the patients named by their short keys', () => {
    const films = [
      ...given('train', 10, 0),
      ...given('test', 10, 100),
      { patient: 100, abnormal: true, part: 'train' as const },
    ];
    const error = refusal(films);
    expect(error.code).toBe('SPLIT_LEAKS');
    expect(error.detail).toEqual({ patients: [`P-${hex(100, 64).slice(0, 6)}`], count: 1 });
    expect(error.message).toContain('1 patient on both sides');
    expect(() => makeSplit(candidates(films), { ...request, useGivenParts: false })).not.toThrow();
  });

  it('with one kind absent in train are refused', () => {
    const films = [
      ...many(10, (index) => ({ patient: index, abnormal: true, part: 'train' as const })),
      ...many(10, (index) => ({ patient: 50 + index, abnormal: index % 2 === 0, part: 'test' as const })),
    ];
    expect(refusal(films)).toMatchObject({ code: 'SPLIT_IMPOSSIBLE', detail: { missing: 'normal' } });
  });

  it('that leave nothing to train on are refused', () => {
    expect(refusal(given('test', 20, 0))).toMatchObject({
      code: 'SPLIT_IMPOSSIBLE',
      detail: { part: 'train' },
    });
  });
});

describe('refused', () => {
  it.each([
    [
      'two patients',
      many(8, (index) => ({ patient: index % 2, abnormal: index % 2 === 0 })),
      /at least 3 patients/,
    ],
    ['no labels', many(8, (index) => ({ patient: index })), /No film is labelled/],
    ['only abnormal films', many(8, (index) => ({ patient: index, abnormal: true })), /both kinds/],
  ])('%s', (_what, films, words) => {
    const error = refusal(films);
    expect(error.code).toBe('SPLIT_IMPOSSIBLE');
    expect(error.message).toMatch(words);
  });

  it('shares that leave nothing for training', () => {
    const films = many(30, (index) => ({ patient: index, abnormal: index % 2 === 0 }));
    expect(refusal(films, { validation: 0.4, test: 0.55 })).toMatchObject({ code: 'BAD_INPUT' });
  });
});

it('warns about findings that a part has none or few of', () => {
  const films = many(60, (index) => ({
    patient: index,
    abnormal: index % 2 === 0,
    positives: index === 0 ? ['Hernia'] : index % 4 === 0 ? ['Edema'] : [],
  }));
  const { warnings } = makeSplit(candidates(films), request);
  const text = warnings.join('\n');
  expect(text).toMatch(/No positive film in the test part: Hernia\./);
  expect(text).toMatch(/unstable: Edema\./);
});
