/**
 * @file A read as a Grayscale Softcopy Presentation State (PS3.3 A.33.1): what was drawn as graphics over the film, its window and
 * the area to show.
 */
import { boundsOf, type Shape } from '../../../shared/domain/shape.ts';
import { dateAndTime, imageItem, uidFrom, type FilmReference } from './film-reference.ts';
import type { NaturalObject } from './natural-writer.ts';
import { graphicData, personName, type SignedRead } from './signed-read.ts';

export const GRAYSCALE_STATE = '1.2.840.10008.5.1.4.1.1.11.1';
const LAYER = 'FINDINGS';

interface Graphic {
  readonly type: 'POINT' | 'POLYLINE' | 'ELLIPSE';
  readonly data: number[];
}

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
  const { x, y, width, height } = boundsOf(points);
  if (kind === 'ellipse') {
    const across = [
      { x, y: y + height / 2 },
      { x: x + width, y: y + height / 2 },
    ];
    const down = [
      { x: x + width / 2, y },
      { x: x + width / 2, y: y + height },
    ];
    const axes = width >= height ? [...across, ...down] : [...down, ...across];
    return [{ type: 'ELLIPSE', data: graphicData(axes, film) }];
  }
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
    ...(film.rescale !== null && {
      RescaleIntercept: decimal(film.rescale.intercept),
      RescaleSlope: decimal(film.rescale.slope),
      RescaleType: film.rescale.type,
    }),
    ...(film.window !== null && {
      SoftcopyVOILUTSequence: [
        {
          ReferencedImageSequence: image,
          WindowCenter: decimal(film.window.center),
          WindowWidth: decimal(film.window.width),
        },
      ],
    }),
    PresentationLUTShape: film.invert ? 'INVERSE' : 'IDENTITY',
    DisplayedAreaSelectionSequence: [
      {
        ReferencedImageSequence: image,
        PixelOriginInterpretation: 'FRAME',
        DisplayedAreaTopLeftHandCorner: [1, 1],
        DisplayedAreaBottomRightHandCorner: [cols, rows],
        PresentationSizeMode: 'SCALE TO FIT',
        ...(film.spacing === null
          ? { PresentationPixelAspectRatio: [1, 1] }
          : { PresentationPixelSpacing: film.spacing.map(decimal) }),
      },
    ],
    GraphicAnnotationSequence: annotations(read, film),
    GraphicLayerSequence: [
      { GraphicLayer: LAYER, GraphicLayerOrder: 1, GraphicLayerDescription: 'Findings of the reader' },
    ],
  };
}

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
