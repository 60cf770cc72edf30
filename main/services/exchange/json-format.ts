/** @file Annotations as Chestlight's own JSON: everything that a set holds, and for a review session every version of it. */
import { z } from 'zod';

import { ServiceError } from '../../../shared/domain/service-error.ts';
import { decision } from '../../../shared/contract/review-adjudication.ts';
import { otherVersion, reader, readingVersion, review } from '../../../shared/contract/review.ts';
import { annotationSet, utf8, type AnnotationFormat, type FilesByName } from './annotation-set.ts';

export const JSON_NAME = 'annotations.json';
export const JSON_MARK = 'chestlight-annotations';
const VERSION = 1;

/** A review session with its history, for programs that want more than the signed reads. */
export const sessionRecord = z.object({
  review,
  readers: z.array(reader),
  versions: z.array(readingVersion),
  /** Versions of other sites that do not follow on those. */
  others: z.array(otherVersion).default([]),
  /** What adjudicators decided, oldest first of each film. */
  decisions: z.array(decision).default([]),
});
export type SessionRecord = z.infer<typeof sessionRecord>;

const annotationsFile = annotationSet.extend({
  format: z.literal(JSON_MARK),
  version: z.literal(VERSION),
  session: sessionRecord.nullable(),
});

/** A file's text as JSON. @throws ServiceError BAD_INPUT */
export function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown;
  } catch {
    throw new ServiceError('BAD_INPUT', `${what} is not JSON in UTF-8. Nothing was imported.`);
  }
}

/** The one file that a format has. */
export function only(files: FilesByName, name: string): Uint8Array {
  const bytes = files.get(name) ?? (files.size === 1 ? [...files.values()][0] : undefined);
  if (bytes !== undefined) return bytes;
  throw new ServiceError('BAD_INPUT', `The file ${name} is missing. Nothing was imported.`, { name });
}

/** @throws ServiceError BAD_INPUT, INCOMPATIBLE */
export function readAnnotationsFile(value: unknown): z.infer<typeof annotationsFile> {
  const { version } = z.object({ version: z.number().catch(0) }).parse(value);
  if (version > VERSION) {
    throw new ServiceError(
      'INCOMPATIBLE',
      `This annotations file has version ${version}, and this Chestlight reads up to ${VERSION}. Nothing was imported; update Chestlight.`,
      { version },
    );
  }
  const parsed = annotationsFile.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new ServiceError(
    'BAD_INPUT',
    `The annotations file is damaged (${z.prettifyError(parsed.error).split('\n')[0] ?? 'unknown place'}). Nothing was imported; export it again.`,
  );
}

export function jsonFormat(session: SessionRecord | null): AnnotationFormat {
  return {
    write: (set) => [
      {
        name: JSON_NAME,
        bytes: utf8(`${JSON.stringify({ format: JSON_MARK, version: VERSION, ...set, session }, null, 1)}\n`),
      },
    ],
    read(files) {
      const { findings, films } = readAnnotationsFile(
        parseJson(only(files, JSON_NAME), 'The annotations file'),
      );
      return Promise.resolve({ findings, films });
    },
    held: (set) => set,
    leftOut: () => [],
  };
}
