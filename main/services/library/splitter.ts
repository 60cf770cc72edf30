/**
 * @file Films → parts by patient: stratified on normal/abnormal and every finding, seeded, the given parts of the labels
 * file kept where there are some. Refuses what would make results false; warns about what makes them weak. Pure.
 */
import type { Part } from '../../../shared/contract/base.ts';
import type { SplitRequest } from '../../../shared/contract/library.ts';
import { NO_FINDING } from '../../../shared/domain/findings.ts';
import type { PatientKey } from '../../../shared/domain/ids.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import type { SplitCandidate } from '../../store/splits.ts';
import { counted } from '../import/wording.ts';
import { seededRandom, shuffled } from './seeded-random.ts';
import { stratify, type Shares, type StratifyUnit } from './stratify.ts';

export interface MadeSplit {
  /** Part of each patient, by row number. */
  readonly members: ReadonlyMap<number, Part>;
  readonly warnings: readonly string[];
}

type Request = Pick<SplitRequest, 'seed' | 'validation' | 'test' | 'useGivenParts'>;

interface Patient extends StratifyUnit<number> {
  readonly patientKey: PatientKey;
  readonly films: readonly SplitCandidate[];
  readonly givenParts: ReadonlySet<Part>;
}

const PARTS: readonly Part[] = ['train', 'validation', 'test'];
/** Patients below which no split makes sense: one for each part. */
const FEWEST_PATIENTS = 3;
const FEW_POSITIVES = 10;
const ABNORMAL = ' abnormal';
const NORMAL = ' normal';

/**
 * @param films every film, ordered by id (ids come from the pixels, so the order is the same in every library)
 * @throws ServiceError SPLIT_LEAKS, SPLIT_IMPOSSIBLE, BAD_INPUT
 */
export function makeSplit(films: readonly SplitCandidate[], request: Request): MadeSplit {
  const patients = groupByPatient(films);
  refuseTooFew(films, patients);
  const warnings: string[] = [];
  const members =
    request.useGivenParts && patients.some(({ givenParts }) => givenParts.size > 0)
      ? withGivenParts(patients, request, warnings)
      : deal(
          patients,
          { train: trainShare(request), validation: request.validation, test: request.test },
          request.seed,
        );
  refuseUseless(films, members);
  return { members, warnings: [...warnings, ...weaknesses(films, members)] };
}

function trainShare({ validation, test }: Request): number {
  const share = 1 - validation - test;
  if (share < 0.1) {
    throw new ServiceError('BAD_INPUT', 'At least a tenth of the patients must be left for training.', {
      validation,
      test,
    });
  }
  return share;
}

function groupByPatient(films: readonly SplitCandidate[]): readonly Patient[] {
  const groups = new Map<number, SplitCandidate[]>();
  for (const film of films) {
    const group = groups.get(film.patientNo);
    if (group === undefined) groups.set(film.patientNo, [film]);
    else group.push(film);
  }
  return [...groups].map(([key, own]) => ({
    key,
    films: own,
    patientKey: own[0]?.patientKey ?? ('' as PatientKey),
    givenParts: new Set(own.flatMap(({ givenPart }) => (givenPart === null ? [] : [givenPart]))),
    labels: new Set(own.flatMap(labelsOf)),
  }));
}

function labelsOf(film: SplitCandidate): readonly string[] {
  const global = film.abnormal === null ? [] : [film.abnormal ? ABNORMAL : NORMAL];
  return [...film.positives.filter((finding) => finding !== NO_FINDING), ...global];
}

function deal(patients: readonly Patient[], shares: Shares, seed: number): Map<number, Part> {
  return stratify(shuffled(patients, seededRandom(seed)), shares);
}

/** Given parts stay; what is not given is carved from train, so that a published test part is never added to. */
function withGivenParts(
  patients: readonly Patient[],
  request: Request,
  warnings: string[],
): Map<number, Part> {
  refuseLeaks(patients);
  const partOf = (patient: Patient): Part | null => [...patient.givenParts][0] ?? null;
  const has = (part: Part): boolean => patients.some((patient) => partOf(patient) === part);
  const isPool = (patient: Patient): boolean => (partOf(patient) ?? 'train') === 'train';
  const pool = patients.filter(isPool);
  const free = pool.filter((patient) => patient.givenParts.size === 0).length;
  const validation = has('validation') ? 0 : request.validation;
  const test = has('test') ? 0 : request.test;
  const members = deal(pool, { train: 1 - validation - test, validation, test }, request.seed);
  for (const patient of patients) {
    const part = partOf(patient);
    if (part !== null && !isPool(patient)) members.set(patient.key, part);
  }
  if (free > 0)
    warnings.push(`${counted(free, 'patient')} without a given part went into the training side.`);
  if (validation > 0)
    warnings.push('The labels file has no validation part; it was carved from its training part.');
  if (test > 0) warnings.push('The labels file has no test part; it was carved from its training part.');
  return members;
}

function refuseLeaks(patients: readonly Patient[]): void {
  const leaking = patients.filter(({ givenParts }) => givenParts.size > 1);
  if (leaking.length === 0) return;
  const short = leaking.map(({ patientKey }) => `P-${patientKey.slice(0, 6)}`);
  const shown = short.slice(0, 5).join(', ');
  throw new ServiceError(
    'SPLIT_LEAKS',
    `The parts of the labels file put ${counted(leaking.length, 'patient')} on both` +
      ` sides (${shown}${short.length > 5 ? ' …' : ''}). No split was made, because results would be too good;` +
      ' correct the labels file, or make the split without its parts.',
    { patients: short.slice(0, 200), count: leaking.length },
  );
}

function impossible(message: string, detail: Readonly<Record<string, unknown>> = {}): ServiceError {
  return new ServiceError('SPLIT_IMPOSSIBLE', `${message} No split was made.`, detail);
}

function refuseTooFew(films: readonly SplitCandidate[], patients: readonly Patient[]): void {
  if (patients.length < FEWEST_PATIENTS) {
    throw impossible(
      `A split needs at least ${FEWEST_PATIENTS} patients and the library has ${patients.length}. Import more films.`,
      { patients: patients.length },
    );
  }
  const abnormal = films.filter((film) => film.abnormal === true).length;
  const normal = films.filter((film) => film.abnormal === false).length;
  if (abnormal > 0 && normal > 0) return;
  const message =
    abnormal === 0 && normal === 0
      ? 'No film is labelled as normal or abnormal. Import a labels file first.'
      : `Every labelled film is ${abnormal > 0 ? 'abnormal' : 'normal'}; both kinds are needed. Import films of the other kind.`;
  throw impossible(message, { abnormal, normal });
}

function refuseUseless(films: readonly SplitCandidate[], members: ReadonlyMap<number, Part>): void {
  for (const part of PARTS) {
    if (![...members.values()].includes(part)) {
      throw impossible(
        `The ${part} part would be empty. Import more films, or leave the given parts aside.`,
        { part },
      );
    }
  }
  const train = films.filter(({ patientNo }) => members.get(patientNo) === 'train');
  for (const [kind, value] of [
    ['abnormal', true],
    ['normal', false],
  ] as const) {
    if (train.some((film) => film.abnormal === value)) continue;
    throw impossible(
      `The training part would have no ${kind} film. Import more ${kind} films, or leave the given parts aside.`,
      {
        part: 'train',
        missing: kind,
      },
    );
  }
}

function weaknesses(films: readonly SplitCandidate[], members: ReadonlyMap<number, Part>): readonly string[] {
  const warnings: string[] = [];
  const { positives, states } = countByPart(films, members);
  const findings = [...new Set(Object.values(positives).flatMap((counts) => [...counts.keys()]))]
    .filter((name) => name !== NO_FINDING)
    .sort();
  for (const part of PARTS) {
    for (const kind of ['abnormal', 'normal'] as const) {
      if (states[part][kind] > 0) continue;
      warnings.push(`The ${part} part has no ${kind} film: its normal/abnormal figures are undefined.`);
    }
    const absent = findings.filter((finding) => !positives[part].has(finding));
    if (absent.length > 0) warnings.push(`No positive film in the ${part} part: ${absent.join(', ')}.`);
  }
  const few = findings.filter((finding) => (positives.test.get(finding) ?? FEW_POSITIVES) < FEW_POSITIVES);
  if (few.length > 0) {
    warnings.push(
      `Fewer than ${FEW_POSITIVES} positive films in the test part, so figures are unstable: ${few.join(', ')}.`,
    );
  }
  const unknown = films.filter(({ abnormal }) => abnormal === null).length;
  if (unknown > 0) {
    warnings.push(
      `Neither normal nor abnormal is known for ${counted(unknown, 'film')}: they count for findings only.`,
    );
  }
  return warnings;
}

/** Positive films of each finding, and abnormal and normal films, in each part. */
function countByPart(films: readonly SplitCandidate[], members: ReadonlyMap<number, Part>) {
  const states = {
    train: { abnormal: 0, normal: 0 },
    validation: { abnormal: 0, normal: 0 },
    test: { abnormal: 0, normal: 0 },
  };
  const positives = {
    train: new Map<string, number>(),
    validation: new Map<string, number>(),
    test: new Map<string, number>(),
  };
  for (const film of films) {
    const part = members.get(film.patientNo);
    if (part === undefined) continue;
    if (film.abnormal !== null) states[part][film.abnormal ? 'abnormal' : 'normal'] += 1;
    for (const finding of film.positives)
      positives[part].set(finding, (positives[part].get(finding) ?? 0) + 1);
  }
  return { positives, states };
}
