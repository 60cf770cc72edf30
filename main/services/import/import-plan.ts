/** @file From what a person chose to what will be done: folders, labels files and their records. Refuses before any work. */
import { lstat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';

import type { Part } from '../../../shared/contract/base.ts';
import type { ImportSource } from '../../../shared/contract/library.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import type { LibraryFiles } from '../../files/library-files.ts';
import { confinedSegments } from '../../files/uploads.ts';
import type { LibraryVault } from '../../files/vault.ts';
import { annotationFile, annotationsInFolder, type AnnotationRecords } from './annotation-files.ts';
import { hasBoxes, planBoxes, type LabelBox } from './box-plan.ts';
import { classColumn, resolveMapping, suggestMapping } from './column-mapping.ts';
import { readCsvTable, type CsvTable } from './csv-table.ts';
import { stemOf } from './label-index.ts';
import { planLabels, type FilmLabels } from './label-plan.ts';

export interface ImportPlan {
  readonly roots: readonly string[];
  /** Only films that a label row names are imported: the labels file alone was chosen. */
  readonly namedOnly: boolean;
  /** Null: no labels file. */
  readonly records: readonly FilmLabels[] | null;
  readonly warnings: readonly string[];
  /** The labels came with a layout of VinDr-CXR, which names no patients. */
  readonly isVindr: boolean;
  /** The labels files: no films. */
  readonly except: ReadonlySet<string>;
}

interface LabelsFile {
  readonly path: string;
  readonly givenPart: Part | null;
  /** Folder in which this file's films lie, relative to the chosen one; '' = anywhere. */
  readonly folder: string;
}

/** @throws ServiceError BAD_INPUT, NOT_FOUND, MISSING_COLUMNS, UNKNOWN_LABELS, DUPLICATE_IDS */
export async function planImport(source: ImportSource, files: LibraryFiles): Promise<ImportPlan> {
  const upload = source.uploadId === null ? null : await files.uploads.folder(source.uploadId);
  const roots = [...source.paths.map((path) => resolve(path)), ...(upload === null ? [] : [upload])];
  for (const root of roots) await refuseMissing(root);
  const labels = source.labels === null ? null : await labelsPath(source.labels, upload);
  const annotations = await findAnnotations(files.vault, labels === null ? roots : [...roots, labels]);
  const annotated = new Set(annotations.flatMap(({ paths }) => paths));
  const labelsFiles =
    labels === null
      ? await findLabelsFiles(files.vault, roots)
      : annotated.has(labels)
        ? []
        : [{ path: labels, givenPart: null, folder: '' }];
  const [first] = labelsFiles;
  if (roots.length === 0 && first === undefined && annotations.length === 0) {
    throw new ServiceError('BAD_INPUT', 'Choose a folder, some films, or a labels file to import.');
  }
  const chosenBoxes = source.boxes === null ? null : await labelsPath(source.boxes, upload);
  const boxPaths = chosenBoxes === null ? [] : [chosenBoxes];
  const boxTables: { readonly table: CsvTable; readonly folder: string }[] = [];
  const records: FilmLabels[] = [];
  const warnings: string[] = [];
  for (const file of labelsFiles) {
    const table = await readCsvTable(file.path, files.vault);
    const mapping = resolveMapping(table, source.mapping);
    const plan = await planLabels(table, mapping, file.givenPart);
    warnings.push(...plan.warnings);
    for (const film of plan.films) records.push({ ...film, file: within(file.folder, film.file) });
    if (chosenBoxes !== null) continue;
    const beside = await boxesBeside(file);
    if (beside !== null) {
      boxPaths.push(beside);
      boxTables.push({ table: await readCsvTable(beside, files.vault), folder: file.folder });
    } else if (hasBoxes(table.columns)) boxTables.push({ table, folder: file.folder });
  }
  if (chosenBoxes !== null)
    boxTables.push({ table: await readCsvTable(chosenBoxes, files.vault), folder: '' });
  for (const { table, folder } of boxTables) addBoxes(records, planBoxes(table), folder);
  for (const found of annotations) {
    records.push(...found.records);
    warnings.push(...found.warnings);
  }
  const namedOnly = roots.length === 0 && first !== undefined;
  return {
    roots: namedOnly ? [dirname(first.path)] : roots.filter((root) => !annotated.has(root)),
    namedOnly,
    records: labelsFiles.length + boxTables.length + annotations.length === 0 ? null : records,
    warnings,
    isVindr: source.labels === null && labelsFiles.length > 0,
    except: new Set([...labelsFiles.map(({ path }) => path), ...boxPaths, ...annotated]),
  };
}

/** Files with annotations among what was chosen, and those of exports in chosen folders; each once. */
async function findAnnotations(
  vault: LibraryVault,
  chosen: readonly string[],
): Promise<readonly AnnotationRecords[]> {
  const found: AnnotationRecords[] = [];
  const seen = new Set<string>();
  for (const path of chosen) {
    if (seen.has(path)) continue;
    const records = (await isFile(path))
      ? await annotationFile(path, vault)
      : await annotationsInFolder(path, vault);
    if (records === null || records.paths.some((one) => seen.has(one))) continue;
    found.push(records);
    for (const one of records.paths) seen.add(one);
  }
  return found;
}

const within = (folder: string, file: string): string => (folder === '' ? file : `${folder}/${file}`);

/** The file of boxes that VinDr-CXR has beside a labels file of its layout; null = there is none. */
async function boxesBeside({ path, folder }: LabelsFile): Promise<string | null> {
  const beside = join(dirname(path), basename(path).replace('image_labels_', 'annotations_'));
  return folder !== '' && beside !== path && (await isFile(beside)) ? beside : null;
}

/** Boxes go to the record of their film; a film that has none gets one that says nothing else. */
function addBoxes(
  records: FilmLabels[],
  boxes: ReadonlyMap<string, readonly LabelBox[]>,
  folder: string,
): void {
  const places = new Map(records.map(({ file }, index) => [stemOf(file), index]));
  for (const [file, list] of boxes) {
    const place = places.get(stemOf(file));
    const record = place === undefined ? undefined : records[place];
    if (record === undefined || place === undefined) {
      records.push({ file: within(folder, file), patient: null, labels: new Map(), boxes: list });
    } else records[place] = { ...record, boxes: [...(record.boxes ?? []), ...list] };
  }
}

async function refuseMissing(path: string): Promise<void> {
  try {
    await lstat(path);
  } catch {
    throw new ServiceError(
      'NOT_FOUND',
      'A chosen file or folder does not exist or may not be read. Nothing was imported; choose it again.',
      { path },
    );
  }
}

/** A name within the upload, or a path of this computer. */
async function labelsPath(labels: string, upload: string | null): Promise<string> {
  if (upload !== null && !isAbsolute(labels)) {
    const inside = join(upload, ...confinedSegments(labels));
    if (await isFile(inside)) return inside;
    throw new ServiceError('NOT_FOUND', 'The labels file is not among the uploaded files. Choose it again.');
  }
  return resolve(labels);
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isFile();
  } catch {
    return false; // absent, or not to be read: then it is not used
  }
}

/** Layouts that name their own labels: VinDr-CXR (annotations/image_labels_*.csv) and its Kaggle form (train.csv). */
async function findLabelsFiles(
  vault: LibraryVault,
  roots: readonly string[],
): Promise<readonly LabelsFile[]> {
  const found: LabelsFile[] = [];
  for (const root of roots) {
    for (const part of ['train', 'test'] as const) {
      const path = join(root, 'annotations', `image_labels_${part}.csv`);
      if (await isFile(path)) found.push({ path, givenPart: part, folder: part });
    }
    if (found.length > 0) continue;
    const kaggle = join(root, 'train.csv');
    if ((await isFile(kaggle)) && (await isKaggle(kaggle, vault)))
      found.push({ path: kaggle, givenPart: null, folder: '' });
  }
  return found;
}

async function isKaggle(path: string, vault: LibraryVault): Promise<boolean> {
  const { columns } = await readCsvTable(path, vault);
  return suggestMapping(columns).file !== '' && classColumn(columns) !== null;
}
