/**
 * @file A read as a Grayscale Softcopy Presentation State (PS3.3 A.33.1): what was drawn as graphics over the film, its window and
 * the area to show.
 */
import { boundsOf, type Shape } from '../../../shared/domain/shape.ts';
import type { LutTable, VoiLut } from '../../../shared/domain/lut.ts';
import { littleEndianBytes } from '../render.ts';
import { dateAndTime, imageItem, uidFrom, type FilmReference } from './film-reference.ts';
import type { NaturalObject } from './natural-writer.ts';
import { ellipseOn, type Graphic } from './ellipse.ts';
import { graphicData, personName, type SignedRead } from './signed-read.ts';

export const GRAYSCALE_STATE = '1.2.840.10008.5.1.4.1.1.11.1';
const LAYER = 'FINDINGS';

/** What is drawn for a shape: every kind has a graphic. */
export function graphicsOf(
  { kind, points }: Shape,
  film: Pick<FilmReference, 'rows' | 'cols'>,
): readonly Graphic[] {
  const [first, second, third, fourth] = points;
  if (first === undefined) return [];
  if (kind === 'point' || kind === 'probe') return [{ type: 'POINT', data: graphicData([first], film) }];
  if (kind === 'freehand') return [{ type: 'POLYLINE', data: graphicData([...points, first], film) }];
  if (kind === 'ctr' && second !== undefined && third !== undefined && fourth !== undefined) {
    return [
      { type: 'POLYLINE', data: graphicData([first, second], film) },
      { type: 'POLYLINE', data: graphicData([third, fourth], film) },
    ];
  }
  if (kind !== 'rectangle' && kind !== 'ellipse')
    return [{ type: 'POLYLINE', data: graphicData(points, film) }];
  const box = boundsOf(points);
  if (kind === 'ellipse') return [ellipseOn(box, film)];
  const { x, y, width, height } = box;
  const corners = [
    { x, y },
    { x: x + width, y },
    { x: x + width, y: y + height },
    { x, y: y + height },
    { x, y },
  ];
  return [{ type: 'POLYLINE', data: graphicData(corners, film) }];
}

/** @param version of the app */
export function presentationState(read: SignedRead, film: FilmReference, version: string): NaturalObject {
  const { date, time } = dateAndTime(read.signedAt);
  const { rows, cols } = film;
  const image = [imageItem(film, null)];
  return {
    ...film.study,
    SOPClassUID: GRAYSCALE_STATE,
    SOPInstanceUID: uidFrom('gsps', read.versionId, film.sopInstanceUid),
    Modality: 'PR',
    SeriesInstanceUID: uidFrom('gsps series', read.reviewId, read.readerId, film.studyUid),
    SeriesNumber: 9902,
    SeriesDescription: read.reviewName.slice(0, 64),
    Manufacturer: 'Chestlight',
    ManufacturerModelName: 'Chestlight',
    SoftwareVersions: version,
    InstanceNumber: 1,
    ContentLabel: LAYER,
    ContentDescription: read.reviewName.slice(0, 64),
    ContentCreatorName: personName(read.readerName),
    PresentationCreationDate: date,
    PresentationCreationTime: time,
    ReferencedSeriesSequence: [{ SeriesInstanceUID: film.seriesUid, ReferencedImageSequence: image }],
    ...modalityOf(film),
    ...(film.voi !== null && {
      SoftcopyVOILUTSequence: [{ ReferencedImageSequence: image, ...voiOf(film.voi) }],
    }),
    PresentationLUTShape: film.invert ? 'INVERSE' : 'IDENTITY',
    DisplayedAreaSelectionSequence: [
      {
        ReferencedImageSequence: image,
        PixelOriginInterpretation: 'FRAME',
        DisplayedAreaTopLeftHandCorner: [1, 1],
        DisplayedAreaBottomRightHandCorner: [cols, rows],
        PresentationSizeMode: 'SCALE TO FIT',
        ...pixelShape(film),
      },
    ],
    GraphicAnnotationSequence: annotations(read, film),
    GraphicLayerSequence: [
      { GraphicLayer: LAYER, GraphicLayerOrder: 1, GraphicLayerDescription: 'Findings of the reader' },
    ],
  };
}

/** Modality LUT module (PS3.3 C.11.1): a state without it shows the stored values, whatever the film says. */
function modalityOf({ modality, signed }: FilmReference): NaturalObject {
  if (modality === null) return {};
  const { lut, type } = modality;
  if (lut.kind === 'table') {
    return { ModalityLUTSequence: [{ ...tableItem(lut, signed), ModalityLUTType: type }] };
  }
  return { RescaleIntercept: decimal(lut.intercept), RescaleSlope: decimal(lut.slope), RescaleType: type };
}

/** VOI LUT as the film opens (PS3.3 C.11.2, C.11.8); a function that is LINEAR is not said. */
function voiOf(voi: VoiLut): NaturalObject {
  if (voi.kind === 'table') return { VOILUTSequence: [tableItem(voi, voi.first < 0)] };
  return {
    WindowCenter: decimal(voi.center),
    WindowWidth: decimal(voi.width),
    ...(voi.function !== 'LINEAR' && { VOILUTFunction: voi.function }),
  };
}

/** An item of a LUT sequence (PS3.3 C.11.1.1.1); 65,536 entries are written as 0. */
function tableItem({ entries, first, bits }: LutTable, signed: boolean): NaturalObject {
  const count = entries.length % 65_536;
  return {
    _vrMap: { LUTDescriptor: signed ? 'SS' : 'US', LUTData: 'OW' },
    LUTDescriptor: [signed && count > 32_767 ? count - 65_536 : count, first, bits],
    LUTData: Uint8Array.from(littleEndianBytes(Uint16Array.from(entries))).buffer,
  };
}

/** Spacing where the film has it and its pixels have that shape, else how high a pixel is to how wide (PS3.3 C.10.4). */
function pixelShape({ spacing, aspect }: FilmReference): NaturalObject {
  if (spacing !== null && Math.abs(spacing[0] / spacing[1] / aspect - 1) < 1e-6) {
    return { PresentationPixelSpacing: spacing.map(decimal) };
  }
  const width = Array.from({ length: 1000 }, (_, at) => at + 1).find((n) => isWhole(aspect * n)) ?? 1000;
  return { PresentationPixelAspectRatio: [Math.max(1, Math.round(aspect * width)), width] };
}

const isWhole = (value: number): boolean => Math.abs(value - Math.round(value)) < 1e-6 * value;

/** One item a frame that has marks. */
function annotations(read: SignedRead, film: FilmReference): NaturalObject[] {
  return [...Map.groupBy(read.marks, ({ shape }) => shape.frame)].map(([frame, marks]) => ({
    ReferencedImageSequence: [imageItem(film, frame)],
    GraphicLayer: LAYER,
    ...textsOf(marks, film),
    GraphicObjectSequence: marks.flatMap(({ shape }) =>
      graphicsOf(shape, film).map(({ type, data }) => ({
        GraphicAnnotationUnits: 'PIXEL',
        GraphicDimensions: 2,
        NumberOfGraphicPoints: data.length / 2,
        GraphicData: data,
        GraphicType: type,
        ...(type === 'ELLIPSE' && { GraphicFilled: 'N' }),
        ...(type === 'POLYLINE' && { GraphicFilled: 'N' }),
      })),
    ),
  }));
}

/** What stands at a mark (ST, at most 1024 characters); blank = nothing. */
export function wordsAt({ finding, shape }: Pick<SignedRead['marks'][number], 'finding' | 'shape'>): string {
  const words = [finding, shape.text].filter((part) => part !== '').join(': ');
  return words.slice(0, 1024);
}

/** The words at each mark that has any; no sequence where none has. */
function textsOf(marks: SignedRead['marks'], film: FilmReference): NaturalObject {
  const texts = marks.flatMap(({ finding, shape }) => {
    const [x = 0, y = 0] = graphicData([boundsOf(shape.points)], film);
    const words = wordsAt({ finding, shape });
    if (words === '') return [];
    return [
      {
        UnformattedTextValue: words,
        AnchorPoint: [x, y],
        AnchorPointVisibility: 'N',
        AnchorPointAnnotationUnits: 'PIXEL',
      },
    ];
  });
  return texts.length === 0 ? {} : { TextObjectSequence: texts };
}

/** A DS of at most 16 characters. */
export function decimal(value: number): string {
  const text = String(value);
  return text.length <= 16 ? text : String(Number(value.toPrecision(10)));
}
