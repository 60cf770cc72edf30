/** @file `npm test`: set-up, then lint, types and every test; the last line counts them. */
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

import { engineEnvironment, root } from './paths.mjs';
import { guarded, say } from './run.mjs';
import { setUp } from './setup.mjs';

await guarded(async () => {
  const node = await setUp({ engine: 'required' });
  const env = { ...engineEnvironment(), PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}` };
  const bin = (path) => join(root, 'node_modules', path);
  const run = (title, args) => {
    say(`\n== ${title}`);
    return spawnSync(node, args, { cwd: root, env, stdio: 'inherit' }).status === 0;
  };
  const checks = [
    run('Lint', [bin('eslint/bin/eslint.js'), '.']),
    run('Types', [bin('typescript/bin/tsc'), '--noEmit', '-p', 'tsconfig.json']),
  ];
  const report = join(tmpdir(), `chestlight-tests-${process.pid}.json`);
  const tested = run('Tests', [
    bin('vitest/vitest.mjs'),
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...process.argv.slice(2),
  ]);
  let counts = { numPassedTests: 0, numFailedTests: 1, numPendingTests: 0 };
  try {
    counts = JSON.parse(readFileSync(report, 'utf8'));
  } catch (error) {
    say(`The test report could not be read: ${error.message}`);
  }
  rmSync(report, { force: true });
  const failedChecks = checks.filter((ok) => !ok).length;
  const failed = counts.numFailedTests + failedChecks;
  process.stdout.write(
    `\n${counts.numPassedTests + checks.length - failedChecks} passed, ${failed} failed, ${counts.numPendingTests} skipped\n`,
  );
  return tested && failed === 0 && counts.numPassedTests > 0 ? 0 : 1;
});
