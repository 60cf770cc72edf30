/** @file `decode FILE [--png OUT]`: what one DICOM or plain image holds, and the picture as displayed. */
import { readFile } from 'node:fs/promises';

import { FilmError } from '../../dicom/film-error.ts';
import { readFilm } from '../../dicom/film.ts';
import { describeFilm, displayImage, encodePng } from '../../dicom/render.ts';
import { writeFileAtomic } from '../../files/atomic-write.ts';
import { refuseUnlessWritable } from '../out-file.ts';
import { Refusal, type Verb } from '../verb.ts';

async function readBytes(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new Refusal('UNREADABLE_FILE', `${file} could not be read: ${(error as Error).message}`, { file });
  }
}

export const decode: Verb = {
  name: 'decode',
  usage: 'decode FILE [--png OUT] [--force]',
  summary: 'reads one DICOM file or plain image; --png writes it as displayed',
  options: { png: { type: 'string' }, force: { type: 'boolean' } },
  run: async ({ positionals, options }) => {
    const [file] = positionals;
    if (file === undefined || positionals.length > 1) {
      throw new Refusal('BAD_INPUT', 'Name one file: chestlight decode FILE');
    }
    const { png } = options;
    if (typeof png === 'string') refuseUnlessWritable(png, options);
    try {
      const film = await readFilm(await readBytes(file), file);
      const json = describeFilm(film);
      if (typeof png === 'string') {
        await writeFileAtomic(png, await encodePng(displayImage(film), film.cols, film.rows));
      }
      const text = Object.entries(json).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
      return { json, text: text.join('\n') };
    } catch (error) {
      if (error instanceof FilmError) throw new Refusal(error.code, error.message, { file, ...error.detail });
      throw error;
    }
  },
};
