/**
 * @file A read as a DICOM Comprehensive SR by template TID 1500 "Measurement Report" (PS3.16): the findings of the session as
 * present or absent, each region as a planar ROI (TID 1410). Codes are DICOM's own, SNOMED CT's where PS3.16 has them (as
 * pydicom 3.0.2 carries them), else of the private scheme 99CHESTLIGHT.
 */
import { createHash } from 'node:crypto';

import { boundsOf, isRegion, type Shape } from '../../../shared/domain/shape.ts';
import { ellipseOn, type Graphic } from './ellipse.ts';
import { dateAndTime, imageItem, uidFrom, type FilmReference } from './film-reference.ts';
import type { NaturalObject } from './natural-writer.ts';
import { graphicData, personName, type SignedRead } from './signed-read.ts';

export const COMPREHENSIVE_SR = '1.2.840.10008.5.1.4.1.1.88.33';
export const PRIVATE_SCHEME = '99CHESTLIGHT';

export type Code = readonly [value: string, scheme: string, meaning: string];

const SNOMED: Readonly<Record<string, string>> = {
  Pneumothorax: '36118008',
  'Pleural effusion': '60046008',
  Cardiomegaly: '287272002',
  Edema: '79654002',
};
const PRESENT: Code = ['52101004', 'SCT', 'Present'];
const ABSENT: Code = ['272519000', 'SCT', 'Absent'];

/** SNOMED CT for the few that PS3.16 lists, else a private code that follows from the name. */
export function findingCode(name: string): Code {
  const snomed = SNOMED[name];
  if (snomed !== undefined) return [snomed, 'SCT', name];
  const hash = createHash('sha256').update(name.trim().toLowerCase()).digest('hex');
  return [`F-${hash.slice(0, 12).toUpperCase()}`, PRIVATE_SCHEME, name.slice(0, 64)];
}

export const coded = ([value, scheme, meaning]: Code): NaturalObject => ({
  CodeValue: value,
  CodingSchemeDesignator: scheme,
  CodeMeaning: meaning,
});

type Relationship = 'CONTAINS' | 'HAS CONCEPT MOD' | 'HAS OBS CONTEXT' | 'SELECTED FROM';

export function item(
  relationship: Relationship,
  type: string,
  name: Code,
  value: NaturalObject,
): NaturalObject {
  return {
    RelationshipType: relationship,
    ValueType: type,
    ConceptNameCodeSequence: [coded(name)],
    ...value,
  };
}

export const code = (relationship: Relationship, name: Code, value: Code): NaturalObject =>
  item(relationship, 'CODE', name, { ConceptCodeSequence: [coded(value)] });
export const text = (relationship: Relationship, name: Code, value: string): NaturalObject =>
  item(relationship, 'TEXT', name, { TextValue: value });
export const container = (
  relationship: Relationship,
  name: Code,
  content: readonly NaturalObject[],
): NaturalObject =>
  item(relationship, 'CONTAINER', name, { ContinuityOfContent: 'SEPARATE', ContentSequence: content });

/** The region's outline as SCOORD (PS3.3 C.18.6); polylines are closed. */
export function regionOf(shape: Shape, film: Pick<FilmReference, 'rows' | 'cols'>): Graphic | null {
  const { kind, points } = shape;
  const [first] = points;
  if ((kind === 'point' || kind === 'probe') && first !== undefined) {
    return { type: 'POINT', data: graphicData([first], film) };
  }
  if (!isRegion(kind) || first === undefined) return null;
  if (kind === 'freehand') return { type: 'POLYLINE', data: graphicData([...points, first], film) };
  const box = boundsOf(points);
  if (kind === 'ellipse') return ellipseOn(box, film);
  const { x, y, width, height } = box;
  const corners = [
    { x, y },
    { x: x + width, y },
    { x: x + width, y: y + height },
    { x, y: y + height },
    { x, y },
  ];
  return { type: 'POLYLINE', data: graphicData(corners, film) };
}

/** What a report is about and in which series it lies, whoever says it. */
export interface ReportShell {
  readonly sopInstanceUid: string;
  readonly seriesUid: string;
  readonly seriesNumber: number;
  readonly title: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** @param version of the app */
export function structuredReport(read: SignedRead, film: FilmReference, version: string): NaturalObject {
  const shell = {
    sopInstanceUid: uidFrom('sr', read.versionId, film.sopInstanceUid),
    seriesUid: uidFrom('sr series', read.reviewId, read.readerId, film.studyUid),
    seriesNumber: 9901,
    title: read.reviewName,
    at: read.signedAt,
  };
  return reportObject(shell, film, version, content(read, film));
}

/** A Comprehensive SR in the study of a film with this content. @param version of the app */
export function reportObject(
  shell: ReportShell,
  film: FilmReference,
  version: string,
  content: NaturalObject,
): NaturalObject {
  const { date, time } = dateAndTime(shell.at);
  const evidence = {
    StudyInstanceUID: film.studyUid,
    ReferencedSeriesSequence: [
      { SeriesInstanceUID: film.seriesUid, ReferencedSOPSequence: [imageItem(film, null)] },
    ],
  };
  return {
    ...film.study,
    SOPClassUID: COMPREHENSIVE_SR,
    SOPInstanceUID: shell.sopInstanceUid,
    Modality: 'SR',
    SeriesInstanceUID: shell.seriesUid,
    SeriesNumber: shell.seriesNumber,
    SeriesDescription: shell.title.slice(0, 64),
    ReferencedPerformedProcedureStepSequence: [],
    Manufacturer: 'Chestlight',
    ManufacturerModelName: 'Chestlight',
    SoftwareVersions: version,
    InstanceNumber: 1,
    ContentDate: date,
    ContentTime: time,
    CompletionFlag: 'COMPLETE',
    VerificationFlag: 'UNVERIFIED',
    PerformedProcedureCodeSequence: [],
    CurrentRequestedProcedureEvidenceSequence: [evidence],
    CodingSchemeIdentificationSequence: [
      {
        CodingSchemeDesignator: PRIVATE_SCHEME,
        CodingSchemeName: 'Findings by name, private to Chestlight',
        CodingSchemeResponsibleOrganization: 'Chestlight',
      },
    ],
    ...content,
  };
}

function content(read: SignedRead, film: FilmReference): NaturalObject {
  const groups = read.marks.flatMap((mark) => {
    const region = regionOf(mark.shape, film);
    return region === null ? [] : [measurementGroup(read, film, mark, region)];
  });
  const qualities = [
    ...read.findings.map(({ name, isPresent }) =>
      code('CONTAINS', findingCode(name), isPresent ? PRESENT : ABSENT),
    ),
    ...read.comments.map((comment) => text('CONTAINS', ['121106', 'DCM', 'Comment'], comment)),
  ];
  const observer = [
    code('HAS OBS CONTEXT', ['121005', 'DCM', 'Observer Type'], ['121006', 'DCM', 'Person']),
    item('HAS OBS CONTEXT', 'PNAME', ['121008', 'DCM', 'Person Observer Name'], {
      PersonName: personName(read.readerName),
    }),
  ];
  return measurementReport(film, observer, groups, qualities);
}

/** TID 1500: who observed, which image, groups of measurements, what was judged. */
export function measurementReport(
  film: FilmReference,
  observer: readonly NaturalObject[],
  groups: readonly NaturalObject[],
  qualities: readonly NaturalObject[],
): NaturalObject {
  return {
    ValueType: 'CONTAINER',
    ConceptNameCodeSequence: [coded(['126000', 'DCM', 'Imaging Measurement Report'])],
    ContinuityOfContent: 'SEPARATE',
    ContentTemplateSequence: [{ MappingResource: 'DCMR', TemplateIdentifier: '1500' }],
    ContentSequence: [
      code(
        'HAS CONCEPT MOD',
        ['121049', 'DCM', 'Language of Content Item and Descendants'],
        ['en', 'RFC5646', 'English'],
      ),
      ...observer,
      code(
        'HAS CONCEPT MOD',
        ['121058', 'DCM', 'Procedure reported'],
        ['168537006', 'SCT', 'Plain radiography'],
      ),
      container(
        'CONTAINS',
        ['111028', 'DCM', 'Image Library'],
        [
          container(
            'CONTAINS',
            ['126200', 'DCM', 'Image Library Group'],
            [
              {
                RelationshipType: 'CONTAINS',
                ValueType: 'IMAGE',
                ReferencedSOPSequence: [imageItem(film, null)],
              },
            ],
          ),
        ],
      ),
      ...(groups.length > 0
        ? [container('CONTAINS', ['126010', 'DCM', 'Imaging Measurements'], groups)]
        : []),
      ...(qualities.length > 0
        ? [container('CONTAINS', ['C0034375', 'UMLS', 'Qualitative Evaluations'], qualities)]
        : []),
    ],
  };
}

function measurementGroup(
  read: SignedRead,
  film: FilmReference,
  { finding, shape, confidence }: SignedRead['marks'][number],
  region: { readonly type: string; readonly data: readonly number[] },
): NaturalObject {
  const image = {
    RelationshipType: 'SELECTED FROM',
    ValueType: 'IMAGE',
    ReferencedSOPSequence: [imageItem(film, shape.frame)],
  };
  const certainty = item('CONTAINS', 'NUM', ['111012', 'DCM', 'Certainty of Finding'], {
    MeasuredValueSequence: [
      {
        NumericValue: String(Math.round((confidence ?? 0) * 100)),
        MeasurementUnitsCodeSequence: [coded(['%', 'UCUM', 'Percent'])],
      },
    ],
  });
  return {
    ...container(
      'CONTAINS',
      ['125007', 'DCM', 'Measurement Group'],
      [
        text('HAS OBS CONTEXT', ['112039', 'DCM', 'Tracking Identifier'], shape.id),
        item('HAS OBS CONTEXT', 'UIDREF', ['112040', 'DCM', 'Tracking Unique Identifier'], {
          UID: uidFrom('mark', read.reviewId, read.readerId, film.sopInstanceUid, shape.id),
        }),
        ...(finding === '' ? [] : [code('CONTAINS', ['121071', 'DCM', 'Finding'], findingCode(finding))]),
        item('CONTAINS', 'SCOORD', ['111030', 'DCM', 'Image Region'], {
          GraphicType: region.type,
          GraphicData: region.data,
          ContentSequence: [image],
        }),
        ...(confidence === null ? [] : [certainty]),
        ...(shape.text === '' ? [] : [text('CONTAINS', ['121106', 'DCM', 'Comment'], shape.text)]),
      ],
    ),
    ContentTemplateSequence: [{ MappingResource: 'DCMR', TemplateIdentifier: '1410' }],
  };
}
