/**
 * @file Files of weights that may hold programs are refused by what they are, whatever they are called, in the window and on the
 * command line: nothing of them is kept. The bytes are what Python's `pickle.dumps` and `torch.save` write.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';

import { zipSync } from 'fflate';
import { expect, it } from 'vitest';

import { listStarts } from '../../../main/services/training/start-weights.ts';
import { importUploadedStart } from '../../../main/services/training/uploaded-start.ts';
import { runCli } from '../../helpers/cli-process.ts';
import { filesBelow } from '../../helpers/folder-search.ts';
import { tempFolder, tempLibrary, testClock } from '../../helpers/temp-library.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
/** A pickle that calls `os.system('true')` when it is loaded: protocols 2 and 4, and the one without a mark. */
const PICKLE_2 = bytes('\x80\x02cposix\nsystem\nq\x00X\x04\x00\x00\x00trueq\x01\x85q\x02Rq\x03.');
const PICKLE_4 = bytes(
  '\x80\x04\x95\x20\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x04true\x94\x85\x94R\x94.',
);
const PICKLE_0 = bytes('cposix\nsystem\np0\n(Vtrue\np1\ntp2\nRp3\n.');
const stored = { level: 0 } as const;
const TORCH = zipSync({
  'archive/data.pkl': [PICKLE_2, stored],
  'archive/data/0': [new Uint8Array(64), stored],
  'archive/version': [bytes('3\n'), stored],
});
/** `torch.save` before 1.6: the pickled magic number comes first. */
const OLD_TORCH = bytes('\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.');

async function upload(name: string, content: Uint8Array) {
  const { library } = await tempLibrary();
  const uploadId = 'upload-0000000001';
  await library.files.uploads.save(uploadId, name, Readable.from([content]), content.length);
  const about = { uploadId, file: name, title: '', licence: '', normalisation: 'file' } as const;
  const refused = await importUploadedStart(library, testClock(), about).then(
    () => null,
    (error: unknown) => error as { readonly code: string; readonly message: string },
  );
  const kept = (await listStarts(library)).filter(({ bundled }) => !bundled);
  const left = filesBelow(library.files.dir).filter((file) => /^(uploads|artifacts)\//.test(file));
  return { refused, kept, left };
}

it.each([
  ['a pickle', 'weights.safetensors', PICKLE_2, /a Python pickle.*not opened/],
  ['a pickle of protocol 4', 'weights.safetensors', PICKLE_4, /a Python pickle.*not opened/],
  ['a pickle without a mark', 'weights.safetensors', PICKLE_0, /Nothing was kept/],
  ['what torch.save writes', 'weights.safetensors', TORCH, /a PyTorch file.*not opened/],
  ['what torch.save wrote', 'weights.safetensors', OLD_TORCH, /a Python pickle.*not opened/],
  ['another archive', 'weights.whl', zipSync({ 'weights.pkl': PICKLE_2 }), /an archive.*was not opened/],
  ['a file that is only called so', 'pytorch_model.bin', bytes('{}'), /is a PyTorch file/],
  ['a .pt', 'model.PT', TORCH, /is a PyTorch file/],
  ['a .ckpt', 'last.ckpt', PICKLE_2, /is a training checkpoint/],
  ['a Keras file', 'weights.safetensors', bytes('\x89HDF\r\n\x1a\n'), /Keras or HDF5/],
  ['an array', 'weights.safetensors', bytes('\x93NUMPY\x01\x00'), /a NumPy array/],
])('refuses %s', async (_, name, content, words) => {
  const { refused, kept, left } = await upload(name, content);
  expect(refused).toMatchObject({ code: 'INCOMPATIBLE', message: expect.stringMatching(words) as string });
  expect(kept).toEqual([]);
  expect(left).toEqual([]);
});

it('the verb refuses it as well', async () => {
  const folder = tempFolder();
  const file = join(folder, 'weights.safetensors');
  writeFileSync(file, TORCH);
  const refused = await runCli(['weights', 'import', file, '--library', join(folder, 'library')]);
  expect(refused).toMatchObject({
    status: 2,
    json: { error: { message: expect.stringContaining('a PyTorch file') as string } },
  });
});
