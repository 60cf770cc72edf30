/** @file `decode FILE [--png OUT]`: what one DICOM or plain image holds, and the picture as displayed. */
import { writeFileAtomic } from '../../files/atomic-write.ts';
import { FILM_LIMIT_OPTIONS, FILM_LIMIT_USAGE, filmLimits, withFilmReader } from '../film-reader.ts';
import { refuseUnlessWritable } from '../out-file.ts';
import { Refusal, type Verb } from '../verb.ts';

export const decode: Verb = {
  name: 'decode',
  usage: `decode FILE [--png OUT] [--force] ${FILM_LIMIT_USAGE}`,
  words: 1,
  summary: 'reads one DICOM file or plain image; --png writes it as displayed',
  options: { png: { type: 'string' }, force: { type: 'boolean' }, ...FILM_LIMIT_OPTIONS },
  run: async ({ positionals, options }) => {
    const [file] = positionals;
    if (file === undefined) {
      throw new Refusal('BAD_INPUT', 'Name one file: chestlight decode FILE');
    }
    const { png } = options;
    if (typeof png === 'string') refuseUnlessWritable(png, options);
    // One film, one process.
    const limits = { ...filmLimits(options), size: 1 };
    const { description, png: picture } = await withFilmReader(limits, (reader) =>
      reader.read({ kind: 'describe', path: file, name: file, png: typeof png === 'string' }),
    );
    if (typeof png === 'string' && picture !== null) await writeFileAtomic(png, picture);
    const text = Object.entries(description).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
    return { json: description, text: text.join('\n') };
  },
};
