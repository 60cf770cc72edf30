/**
 * @file Annotations in COCO's layout (cocodataset.org/#format-data): images, categories, boxes. What COCO has no words for
 * stands beside them: labels as LVIS has them (pos_category_ids, neg_category_ids of an image), reads, who drew a box.
 */
import { z } from 'zod';

import { ServiceError } from '../../../shared/domain/service-error.ts';
import {
  annotationSet,
  utf8,
  type AnnotatedBox,
  type AnnotatedFilm,
  type AnnotationFormat,
  type AnnotationSet,
} from './annotation-set.ts';
import { only, parseJson } from './json-format.ts';

const NAME = 'coco.json';
export const COCO_MARK = 'chestlight-coco';

const id = z.union([z.number(), z.string().max(200)]);
const ids = z.array(id).default([]);

/** What is read of any COCO file. */
const cocoImage = z.object({
  id,
  file_name: z.string().min(1).max(1024),
  width: z.number().positive().nullish(),
  height: z.number().positive().nullish(),
  film_id: z.string().nullish(),
  abnormal: z.boolean().nullish(),
  pos_category_ids: ids,
  neg_category_ids: ids,
});
const cocoAnnotation = z.object({
  image_id: id,
  category_id: id,
  bbox: z.array(z.number()).nullish(),
  segmentation: z.unknown().optional(),
  iscrowd: z.union([z.number(), z.boolean()]).nullish(),
  reader: z.string().max(200).nullish(),
  frame: z.number().nullish(),
  confidence: z.number().nullish(),
});
export const cocoFile = z.object({
  info: z.object({ contributor: z.string().max(200).nullish(), format: z.string().nullish() }).nullish(),
  images: z.array(cocoImage),
  categories: z.array(z.object({ id, name: z.string().min(1).max(200) })),
  annotations: z.array(cocoAnnotation).default([]),
  readings: z
    .array(z.object({ image_id: id, reader: z.string(), pos_category_ids: ids, neg_category_ids: ids }))
    .default([]),
  remarks: z
    .array(
      z.object({ image_id: id, reader: z.string(), kind: z.string(), about: z.string(), value: z.string() }),
    )
    .default([]),
});
export type CocoFile = z.infer<typeof cocoFile>;

/** @throws ServiceError BAD_INPUT */
export function parseCoco(value: unknown): CocoFile {
  const parsed = cocoFile.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new ServiceError(
    'BAD_INPUT',
    `The COCO file is damaged (${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}). Nothing was imported.`,
  );
}

/** Whether a JSON value has the three lists of a COCO file. */
export function looksLikeCoco(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    ['images', 'categories'].every((key) => Array.isArray((value as Record<string, unknown>)[key]))
  );
}

function written(set: AnnotationSet): unknown {
  const category = new Map(set.findings.map((name, index) => [name, index + 1]));
  const no = (finding: string): number => category.get(finding) ?? 0;
  const labelled = (list: readonly { readonly finding: string; readonly value: boolean }[]) => ({
    pos_category_ids: list.filter(({ value }) => value).map(({ finding }) => no(finding)),
    neg_category_ids: list.filter(({ value }) => !value).map(({ finding }) => no(finding)),
  });
  let annotation = 0;
  return {
    info: {
      description: 'Chest X-ray annotations',
      contributor: 'Chestlight',
      format: COCO_MARK,
      version: 1,
    },
    licenses: [],
    images: set.films.map((film, index) => ({
      id: index + 1,
      file_name: film.file,
      width: film.width,
      height: film.height,
      film_id: film.filmId,
      abnormal: film.abnormal,
      ...labelled(film.labels),
    })),
    categories: set.findings.map((name, index) => ({ id: index + 1, name, supercategory: 'finding' })),
    annotations: set.films.flatMap(({ boxes }, index) =>
      boxes.map((box) => ({
        id: ++annotation,
        image_id: index + 1,
        category_id: no(box.finding),
        bbox: [box.x, box.y, box.width, box.height],
        area: box.width * box.height,
        segmentation: box.outline === null ? [] : [box.outline.flat()],
        iscrowd: 0,
        reader: box.reader,
        frame: box.frame,
        confidence: box.confidence,
      })),
    ),
    readings: set.films.flatMap(({ readings }, index) =>
      [...Map.groupBy(readings, ({ reader }) => reader)].map(([reader, list]) => ({
        image_id: index + 1,
        reader,
        ...labelled(list),
      })),
    ),
    remarks: set.films.flatMap(({ remarks }, index) =>
      remarks.map((remark) => ({ image_id: index + 1, ...remark })),
    ),
  };
}

function corners(segmentation: unknown): [number, number][] | null {
  const parsed = z.array(z.array(z.number()).min(6)).length(1).safeParse(segmentation);
  const flat = parsed.success ? (parsed.data[0] ?? []) : [];
  if (flat.length < 6 || flat.length % 2 === 1) return null;
  return Array.from({ length: flat.length / 2 }, (_, at) => [flat[2 * at] ?? 0, flat[2 * at + 1] ?? 0]);
}

export interface CocoReading {
  readonly set: readonly CocoFilm[];
  /** Annotations that have no usable box. */
  readonly unusable: number;
}
/** A film of a COCO file from anywhere: id and size may be unknown. */
export type CocoFilm = Omit<AnnotatedFilm, 'filmId' | 'width' | 'height'> & {
  readonly filmId: string | null;
  readonly size: { readonly width: number; readonly height: number } | null;
};

/**
 * @param known gives a category's finding its spelling; throws for a stranger
 * @param author whose the boxes are that name nobody
 * @throws ServiceError BAD_INPUT an annotation of an image or category that is not there
 */
export function filmsOfCoco(
  file: CocoFile,
  known: (name: string) => string,
  author: string | null,
): CocoReading {
  const categories = new Map(file.categories.map(({ id: key, name }) => [key, known(name)]));
  const finding = (key: number | string): string => categories.get(key) ?? missing('category', key);
  const pairs = (image: { pos_category_ids: (number | string)[]; neg_category_ids: (number | string)[] }) => [
    ...image.pos_category_ids.map((key) => ({ finding: finding(key), value: true })),
    ...image.neg_category_ids.map((key) => ({ finding: finding(key), value: false })),
  ];
  const films = new Map<number | string, CocoFilm>();
  for (const image of file.images) {
    if (films.has(image.id))
      throw new ServiceError(
        'DUPLICATE_IDS',
        `The COCO file has image ${image.id} twice. Nothing was imported.`,
      );
    films.set(image.id, {
      filmId: image.film_id ?? null,
      file: image.file_name,
      size: image.width && image.height ? { width: image.width, height: image.height } : null,
      abnormal: image.abnormal ?? null,
      labels: pairs(image),
      readings: [],
      boxes: [],
      remarks: [],
    });
  }
  const film = (key: number | string): CocoFilm => films.get(key) ?? missing('image', key);
  let unusable = 0;
  for (const annotation of file.annotations) {
    const box = boxOf(annotation, finding(annotation.category_id), author);
    if (box === null) unusable += 1;
    else film(annotation.image_id).boxes.push(box);
  }
  for (const { image_id, reader, ...said } of file.readings) {
    film(image_id).readings.push(...pairs(said).map((one) => ({ reader, ...one })));
  }
  for (const { image_id, kind, ...remark } of file.remarks) {
    film(image_id).remarks.push({ ...remark, kind: kind as 'note' });
  }
  return { set: [...films.values()], unusable };
}

function missing(what: string, key: number | string): never {
  throw new ServiceError(
    'BAD_INPUT',
    `The COCO file speaks of ${what} ${key}, which it does not list. Nothing was imported; export it again.`,
  );
}

/** The box, or that around a polygon; null for crowds, run lengths and what has no extent. */
function boxOf(
  { bbox, segmentation, iscrowd, ...rest }: z.infer<typeof cocoAnnotation>,
  finding: string,
  author: string | null,
): AnnotatedBox | null {
  const outline = corners(segmentation);
  const [x, y, width, height] = bbox?.length === 4 ? bbox : around(outline);
  const numbers = [x, y, width, height];
  if (iscrowd === 1 || iscrowd === true || !numbers.every(Number.isFinite)) return null;
  if (x === undefined || y === undefined || width === undefined || height === undefined) return null;
  if (x < 0 || y < 0 || width <= 0 || height <= 0) return null;
  return {
    finding,
    reader: rest.reader === undefined || rest.reader === '' ? author : rest.reader,
    x,
    y,
    width,
    height,
    frame: rest.frame ?? 0,
    confidence: rest.confidence ?? null,
    outline,
  };
}

function around(outline: readonly [number, number][] | null): readonly number[] {
  if (outline === null) return [];
  const xs = outline.map(([x]) => x);
  const ys = outline.map(([, y]) => y);
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  return [left, top, Math.max(...xs) - left, Math.max(...ys) - top];
}

/** Positive first: COCO's two lists keep no order between them. */
function byValue<Said extends { readonly value: boolean }>(list: readonly Said[]): Said[] {
  return [...list.filter(({ value }) => value), ...list.filter(({ value }) => !value)];
}

export const cocoFormat: AnnotationFormat = {
  write: (set) => [{ name: NAME, bytes: utf8(`${JSON.stringify(written(set), null, 1)}\n`) }],
  read(files) {
    const file = parseCoco(parseJson(only(files, NAME), 'The COCO file'));
    const { set } = filmsOfCoco(file, (name) => name, null);
    const films = set.map(({ size, ...film }) => ({ ...film, width: size?.width, height: size?.height }));
    return Promise.resolve(annotationSet.parse({ findings: file.categories.map(({ name }) => name), films }));
  },
  held: ({ findings, films }) => ({
    findings,
    films: films.map((film) => ({
      ...film,
      labels: byValue(film.labels),
      readings: [...Map.groupBy(film.readings, ({ reader }) => reader).values()].flatMap(byValue),
    })),
  }),
  leftOut: () => [],
};
