/** @file `weights verify` on a file made by the product and read back from disk as the command line reads it. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { afterAll, expect, it } from 'vitest';

import { vitConfig, parameterSpecs } from '../../main/numeric/vit/config.ts';
import { initParameters } from '../../main/numeric/vit/init.ts';
import { exportWeights } from '../../main/numeric/weights/export-weights.ts';

const folder = mkdtempSync(join(tmpdir(), 'chestlight-weights-'));
afterAll(() => rmSync(folder, { recursive: true }));

function verify(file: string) {
  const entry = resolve(import.meta.dirname, '../../main/cli/cli.ts');
  const { status, stdout } = spawnSync(process.execPath, [entry, 'weights', 'verify', file, '--json'], {
    encoding: 'utf8',
  });
  return { status, json: JSON.parse(stdout) as Record<string, unknown> };
}

it.each(['app', 'hf', 'timm'] as const)('recognises a ViT-Tiny in %s layout, f16', (layout) => {
  const config = vitConfig('tiny', { t1Units: 3 });
  const bytes = exportWeights(initParameters(config, 1), config, layout, { dtype: 'F16' });
  const file = join(folder, `${layout}.safetensors`);
  writeFileSync(file, bytes);
  const { status, json } = verify(file);
  expect(status).toBe(0);
  expect(json).toMatchObject({
    layout,
    variant: 'tiny',
    sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
  });
  if (layout === 'app') expect(json.tensors).toBe(parameterSpecs(config).length);

  writeFileSync(file, bytes.subarray(0, bytes.length - 1000));
  expect(verify(file)).toMatchObject({ status: 2, json: { error: { code: 'truncated' } } });
});

it('refuses a file that is not there and one that is not safetensors', () => {
  expect(verify(join(folder, 'absent'))).toMatchObject({
    status: 2,
    json: { error: { code: 'UNREADABLE_FILE' } },
  });
  const text = join(folder, 'text.safetensors');
  writeFileSync(text, 'these are not weights');
  expect(verify(text).status).toBe(2);
});
