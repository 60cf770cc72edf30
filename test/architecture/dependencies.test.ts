/** @file Every dependency rule can fail: a small tree that breaks each of them is reported, a clean one is not. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

import { afterAll, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'chestlight-rules-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Names of the rules that the tree `name`, made of `files`, breaks. */
function broken(name: string, files: Readonly<Record<string, string>>): string[] {
  const tree = join(folder, name);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), text);
  }
  for (const file of ['tsconfig.json', '.dependency-cruiser.cjs', 'package.json']) {
    copyFileSync(join(root, file), join(tree, file));
  }
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'), 'junction');
  const binary = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
  const tops = [...new Set(Object.keys(files).map((path) => path.split('/')[0] ?? ''))];
  const { stdout } = spawnSync(
    process.execPath,
    [binary, '--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...tops],
    { cwd: tree, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  );
  const report = JSON.parse(stdout) as {
    summary: { violations: { rule: { name: string } }[]; totalCruised: number };
  };
  expect(report.summary.totalCruised).toBeGreaterThan(1);
  return [...new Set(report.summary.violations.map((violation) => violation.rule.name))].sort();
}

const one = 'export const one = 1;\n';

it('lets a tree pass whose arrows point down', () => {
  expect(
    broken('clean', {
      'shared/domain/ids.ts': one,
      'shared/contract/base.ts':
        "import { z } from 'zod';\nexport * from '../domain/ids.ts';\nexport { z };\n",
      'main/numeric/vit/model.ts':
        "import * as tf from '@tensorflow/tfjs-core';\nexport * from '../../../shared/domain/ids.ts';\nexport { tf };\n",
      'main/store/store.ts': "import Database from 'better-sqlite3';\nexport const db = Database;\n",
      'main/numeric/metrics/auroc.ts': one,
      'main/services/a.ts':
        "export * from '../store/store.ts';\nexport { one } from '../numeric/metrics/auroc.ts';\n",
    }),
  ).toEqual([]);
});

it('reports every forbidden arrow', () => {
  expect(
    broken('broken', {
      'shared/domain/ids.ts': "import { readFileSync } from 'node:fs';\nexport const one = readFileSync;\n",
      'shared/contract/base.ts': "export * from '../../main/store/store.ts';\n",
      'main/store/store.ts': one,
      'main/numeric/vit/model.ts':
        "import { readFileSync } from 'node:fs';\nexport const two = readFileSync;\n",
      'main/numeric/vit/back.ts': "export * from '../../services/a.ts';\n",
      'main/numeric/vit/tensors.ts': "import * as tf from '@tensorflow/tfjs-core';\nexport { tf };\n",
      'main/services/tensors.ts': "export * from '../numeric/vit/tensors.ts';\n",
      'main/services/a.ts': "import Database from 'better-sqlite3';\nexport const db = Database;\n",
      'main/services/b.ts': "export * from './c.ts';\nexport const b = 1;\n",
      'main/services/c.ts': "export * from './b.ts';\nexport const c = 1;\n",
      'main/services/lost.ts': "export * from './absent.ts';\n",
      'main/services/tested.ts': "export * from '../../test/x.ts';\n",
      'test/x.ts': one,
      'main/electron/rows.ts': "export * from '../store/store.ts';\n",
      'main/node/window.ts': "import { app } from 'electron';\nexport const window = app;\n",
      'renderer/src/page.ts':
        "import * as c from 'cornerstone-core';\nexport * from '../../main/services/b.ts';\nexport { c };\n",
      'main/files/atomic-write.ts': one,
      'main/worker/beside.ts': "export * from '../files/atomic-write.ts';\n",
      'resources/setup/setup.mjs': "import { z } from 'zod';\nexport const s = z;\n",
    }),
  ).toEqual([
    'better-sqlite3-only-in-its-folder',
    'cornerstone-core-tools-math-only-in-its-folder',
    'domain-imports-nothing',
    'electron-only-in-its-folder',
    'main-electron-imports',
    'main-numeric-imports',
    'main-services-imports',
    'no-cycles',
    'no-test-in-product',
    'no-unresolved',
    'numeric-is-pure',
    'renderer-imports',
    'setup-has-no-dependencies',
    'shared-contract-imports',
    'tensors-only-in-workers',
    'workers-write-through-the-vault',
  ]);
});
