/**
 * @file What a film's header says about the patient and the exposure. Identity is kept in an object of its own that prints
 * and serialises as nothing, so that a log line or an error with a film in it cannot carry a name.
 */
import { inspect } from 'node:util';

import { isRadiograph } from '../../shared/domain/chest-film.ts';
import { sequenceItems, type DataSet } from './data-set.ts';
import { characterSets, decimalValues, stringValue, stringValues, textValue } from './values.ts';

/** Who and which study: for the keyed patient hash, duplicate checks and the identity strip. Never logged. */
export interface FilmIdentity {
  readonly patientId: string | null;
  readonly patientName: string | null;
  /** YYYYMMDD, as written. */
  readonly birthDate: string | null;
  readonly accessionNumber: string | null;
  readonly institution: string | null;
  /** YYYYMMDD, as written. */
  readonly studyDate: string | null;
  readonly studyUid: string | null;
  readonly seriesUid: string | null;
  readonly sopUid: string | null;
  /** Always `[identity]`. */
  toString(): string;
}

/** About the exposure; says nothing about who. */
export interface FilmAttributes {
  /** (0018,5101), upper case: PA, AP, LL, LATERAL … */
  readonly viewPosition: string | null;
  /** M, F or O. */
  readonly sex: string | null;
  readonly ageYears: number | null;
  readonly bodyPart: string | null;
  readonly laterality: string | null;
  readonly manufacturer: string | null;
  readonly sopClass: string | null;
  /** Direction of rows and columns as letters, e.g. `['L', 'F']`; null when not said. */
  readonly patientOrientation: readonly string[] | null;
}

/** Millimetres between pixel centres. `detector`: at the detector; `calibrated`: in the patient's plane. */
export interface PixelSpacing {
  readonly row: number;
  readonly col: number;
  readonly source: 'detector' | 'calibrated';
}

const NO_VALUES = {
  patientId: null,
  patientName: null,
  birthDate: null,
  accessionNumber: null,
  institution: null,
};
const NO_STUDY = { studyDate: null, studyUid: null, seriesUid: null, sopUid: null };

export const NO_ATTRIBUTES: FilmAttributes = {
  viewPosition: null,
  sex: null,
  ageYears: null,
  bodyPart: null,
  laterality: null,
  manufacturer: null,
  sopClass: null,
  patientOrientation: null,
};

/** Makes an identity whose values can be read by name and are left out of JSON, string conversion and inspection. */
export function sealIdentity(values: Partial<Omit<FilmIdentity, 'toString'>>): FilmIdentity {
  const sealed = { ...NO_VALUES, ...NO_STUDY, ...values };
  const hidden = {
    toJSON: () => undefined,
    toString: () => '[identity]',
    [inspect.custom]: () => '[identity]',
  };
  return Object.freeze(Object.assign(Object.create(hidden) as object, sealed));
}

export function readIdentity(dataSet: DataSet): FilmIdentity {
  const sets = characterSets(dataSet);
  return sealIdentity({
    patientId: textValue(dataSet, 0x00100020, sets) ?? null,
    patientName: textValue(dataSet, 0x00100010, sets) ?? null,
    birthDate: stringValue(dataSet, 0x00100030) ?? null,
    accessionNumber: textValue(dataSet, 0x00080050, sets) ?? null,
    institution: textValue(dataSet, 0x00080080, sets) ?? null,
    studyDate: stringValue(dataSet, 0x00080020) ?? null,
    studyUid: stringValue(dataSet, 0x0020000d) ?? null,
    seriesUid: stringValue(dataSet, 0x0020000e) ?? null,
    sopUid: stringValue(dataSet, 0x00080018) ?? null,
  });
}

export function readAttributes(dataSet: DataSet): FilmAttributes {
  const upper = (tag: number) => stringValue(dataSet, tag)?.toUpperCase() ?? null;
  const orientation = stringValues(dataSet, 0x00200020).filter((letters) => letters !== '');
  const sex = upper(0x00100040);
  return {
    viewPosition: upper(0x00185101) ?? viewFromCode(dataSet),
    sex: sex !== null && ['M', 'F', 'O'].includes(sex) ? sex : null,
    ageYears: readAge(dataSet),
    bodyPart: upper(0x00180015),
    laterality: upper(0x00200062) ?? upper(0x00200060),
    manufacturer: textValue(dataSet, 0x00080070) ?? null,
    sopClass: stringValue(dataSet, 0x00080016) ?? null,
    patientOrientation: orientation.length === 2 ? orientation : null,
  };
}

/** CID 4010, SNOMED RT and CT codes → the short form that the view position uses. */
const VIEW_CODES: ReadonlyMap<string, string> = new Map([
  ['R-10206', 'AP'],
  ['399348003', 'AP'],
  ['R-10214', 'PA'],
  ['272479007', 'PA'],
  ['R-10236', 'LL'],
  ['399173006', 'LL'],
  ['R-10232', 'RL'],
  ['399198007', 'RL'],
  ['R-102CD', 'LATERAL'],
  ['399067008', 'LATERAL'],
]);

/** View Code Sequence (0054,0220). */
function viewFromCode(dataSet: DataSet): string | null {
  const [item] = sequenceItems(dataSet, 0x00540220);
  const code = item === undefined ? undefined : stringValue(item, 0x00080100);
  return VIEW_CODES.get(code ?? '') ?? null;
}

/** (0010,1010) such as 045Y, 006M, 012W, 003D; else from birth and study date. Whole years. */
function readAge(dataSet: DataSet): number | null {
  const written = /^(\d{1,3})([YMWD]?)$/.exec(stringValue(dataSet, 0x00101010)?.toUpperCase() ?? '');
  if (written !== null) {
    const perYear = { Y: 1, M: 12, W: 52.18, D: 365.25 }[written[2] || 'Y'] ?? 1;
    return Math.floor(Number(written[1]) / perYear);
  }
  const birth = dateParts(stringValue(dataSet, 0x00100030));
  const study = dateParts(stringValue(dataSet, 0x00080020));
  if (birth === null || study === null) return null;
  const beforeBirthday = study.monthDay < birth.monthDay ? 1 : 0;
  const years = study.year - birth.year - beforeBirthday;
  return years >= 0 && years < 130 ? years : null;
}

function dateParts(text: string | undefined): { year: number; monthDay: number } | null {
  const found = /^(\d{4})\.?(\d{2})\.?(\d{2})$/.exec(text ?? '');
  return found === null
    ? null
    : { year: Number(found[1]), monthDay: Number(found[2]) * 100 + Number(found[3]) };
}

/** Modalities whose Pixel Spacing, when no Imager Pixel Spacing says otherwise, is that of the detector. */
const PROJECTION: ReadonlySet<string> = new Set(['PX', 'XA', 'RF', 'MG', 'IO']);
const isProjection = (modality: string | null): boolean =>
  modality === null || isRadiograph(modality) || PROJECTION.has(modality);

/**
 * Spacing by PS3.3 10.7.1.3: in projection radiography Pixel Spacing is calibrated only when it differs from the
 * detector's or says how it was calibrated.
 */
export function readSpacing(dataSet: DataSet, modality: string | null): PixelSpacing | null {
  const own = pair(dataSet, 0x00280030);
  const detector = pair(dataSet, 0x00181164) ?? pair(dataSet, 0x00182010);
  if (own === null) return detector === null ? null : { ...detector, source: 'detector' };
  const projection = isProjection(modality);
  const differs = detector !== null && (detector.row !== own.row || detector.col !== own.col);
  const says = stringValue(dataSet, 0x00280a02) !== undefined;
  return { ...own, source: projection && !differs && !says ? 'detector' : 'calibrated' };
}

/** Height : width of a pixel, from Pixel Aspect Ratio or else from the spacing; 1 when neither says so. Positive and finite. */
export function readAspect(dataSet: DataSet, spacing: PixelSpacing | null): number {
  const ratio = pair(dataSet, 0x00280034) ?? spacing;
  const aspect = ratio === null ? 1 : ratio.row / ratio.col;
  return Number.isFinite(aspect) && aspect > 0 ? aspect : 1;
}

function pair(dataSet: DataSet, tag: number): { row: number; col: number } | null {
  const [row, col] = decimalValues(dataSet, tag);
  return row !== undefined && col !== undefined && row > 0 && col > 0 ? { row, col } : null;
}
