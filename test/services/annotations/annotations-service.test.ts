/** @file Shapes of the reading room: kept over a restart, by one window at a time, once for a change sent twice, with a trace. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { createAnnotationsService } from '../../../main/services/annotations/annotations-service.ts';
import type { FilmId } from '../../../shared/domain/ids.ts';
import type { Shape } from '../../../shared/domain/shape.ts';
import { call, importAll, tempFolder, tempLibrary, testClock } from '../../helpers/temp-library.ts';
import { tinyDicom } from '../../helpers/tiny-dicom.ts';

const shape = (id: string, text = ''): Shape => ({
  id,
  kind: 'arrow',
  frame: 0,
  points: [
    { x: 1.5, y: 2 },
    { x: 9, y: 4.25 },
  ],
  text,
});

async function withFilm() {
  const { dir, library } = await tempLibrary();
  const folder = tempFolder();
  writeFileSync(join(folder, 'film.dcm'), tinyDicom());
  await importAll(library, { paths: [folder] });
  const filmId = library.store.films.names()[0]?.id as FilmId;
  return { dir, library, filmId, service: createAnnotationsService(library, testClock(1000)) };
}

it('keeps the shapes of a film over a restart', async () => {
  const { dir, library, filmId, service } = await withFilm();
  expect(await service.of({ filmId }, call)).toEqual({ shapes: [], version: 0, changedAt: null });
  const shapes = [shape('a', 'Left base'), shape('b')];
  expect(await service.save({ filmId, shapes, after: 0 }, call)).toEqual({ version: 1, changedAt: 1000 });
  await service.save({ filmId, shapes: shapes.slice(1), after: 1 }, call);
  await library.close();
  const { library: again } = await tempLibrary({ dir });
  const kept = await createAnnotationsService(again, testClock()).of({ filmId }, call);
  expect(kept).toEqual({ shapes: shapes.slice(1), version: 2, changedAt: 1001 });
});

it('a window that has not seen the last change does not undo it', async () => {
  const { filmId, service } = await withFilm();
  await service.save({ filmId, shapes: [shape('a')], after: 0 }, call);
  expect(() => service.save({ filmId, shapes: [shape('b')], after: 0 }, call)).toThrow(
    expect.objectContaining({ code: 'CONFLICT' }) as Error,
  );
  expect(await service.of({ filmId }, call)).toMatchObject({ shapes: [{ id: 'a' }], version: 1 });
});

it('the same change sent twice is one', async () => {
  const { filmId, service } = await withFilm();
  const change = { filmId, shapes: [shape('a')], after: 0 };
  const first = await service.save(change, call);
  expect(await service.save(change, call)).toEqual(first);
  expect((await service.of({ filmId }, call)).version).toBe(1);
});

it('leaves one trace a film and session, and writes nothing into a library that is read-only', async () => {
  const { dir, library, filmId, service } = await withFilm();
  await service.save({ filmId, shapes: [shape('a')], after: 0 }, call);
  await service.save({ filmId, shapes: [], after: 1 }, call);
  const traces = library.store.audit.after(0).filter(({ action }) => action === 'annotate');
  expect(traces).toMatchObject([{ subject: filmId, detail: { what: 'shapes' } }]);
  await library.close();
  const { library: reader } = await tempLibrary({ dir, readOnly: true });
  const looking = createAnnotationsService(reader, testClock());
  expect(await looking.of({ filmId }, call)).toMatchObject({ shapes: [], version: 2 });
  expect(() => looking.save({ filmId, shapes: [], after: 2 }, call)).toThrow(
    expect.objectContaining({ code: 'READ_ONLY' }) as Error,
  );
});
