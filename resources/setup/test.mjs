/**
 * @file `npm test`: set-up, then lint, types, import rules and every test, stopping at the first that fails unless
 * --keep-going; the last line counts. `npm test -- PATH` runs the tests under PATH alone.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

import { needBrowser } from './browser.mjs';
import { buildElectron, buildRenderer } from './built.mjs';
import { engineEnvironment, root } from './paths.mjs';
import { guarded, say, SetupError } from './run.mjs';
import { setUp } from './setup.mjs';

/** The window's own checks go with its end-to-end tests. */
const E2E = join('test', 'e2e');

/** The checks before the tests: title, program in node_modules, arguments. */
const CHECKS = [
  { title: 'Lint', program: 'eslint/bin/eslint.js', args: ['.'] },
  { title: 'Types', program: 'typescript/bin/tsc', args: ['--noEmit', '-p', 'tsconfig.json'] },
  {
    title: 'Types of the window',
    program: 'svelte-check/bin/svelte-check',
    args: ['--workspace', 'renderer', '--tsconfig', './tsconfig.json', '--output', 'human'],
    needs: E2E,
  },
  {
    title: 'Import rules',
    program: 'dependency-cruiser/bin/dependency-cruiser.mjs',
    args: ['--config', '.dependency-cruiser.cjs', 'main', 'shared', 'renderer/src', 'resources/setup'],
  },
];

function readCounts(report) {
  const failed = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 };
  try {
    return { ...failed, ...JSON.parse(readFileSync(report, 'utf8')) };
  } catch (error) {
    say(`The test report could not be read: ${error.message}`);
    return failed;
  }
}

/** Builds what the end-to-end tests open; a build that fails is a failed check. */
async function windowIsBuilt(node) {
  try {
    await buildRenderer(node);
    await buildElectron(node);
    return true;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    return false;
  }
}

await guarded(async () => {
  const args = process.argv.slice(2);
  const keepGoing = args.includes('--keep-going');
  const rest = args.filter((one) => one !== '--keep-going');
  const onlyTests = rest.length > 0;
  const hasE2e = existsSync(join(root, E2E));
  const node = await setUp({ engine: 'required' });
  if (hasE2e) needBrowser();

  const env = { ...engineEnvironment(), PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}` };
  const run = (title, program, programArgs) => {
    say(`\n== ${title}`);
    const start = Date.now();
    const { status } = spawnSync(node, [join(root, 'node_modules', program), ...programArgs], {
      cwd: root,
      env,
      stdio: 'inherit',
    });
    say(`   ${status === 0 ? 'passed' : 'FAILED'} in ${((Date.now() - start) / 1000).toFixed(1)} s`);
    return status === 0;
  };

  let failedChecks = 0;
  for (const { title, program, args: programArgs, needs } of onlyTests ? [] : CHECKS) {
    if (needs !== undefined && !existsSync(join(root, needs))) continue;
    if (run(title, program, programArgs)) continue;
    failedChecks += 1;
    if (!keepGoing) break;
  }

  if (hasE2e && (failedChecks === 0 || keepGoing) && !(await windowIsBuilt(node))) failedChecks += 1;

  let counts = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 };
  if (failedChecks === 0 || keepGoing) {
    const folder = mkdtempSync(join(tmpdir(), 'chestlight-tests-'));
    const report = join(folder, 'report.json');
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const passed = run('Tests', 'vitest/vitest.mjs', ['run', ...reporters, ...rest]);
    counts = readCounts(report);
    rmSync(folder, { recursive: true });
    // a file that does not load, or no test found, fails without a failed test
    if (!passed && counts.numFailedTests === 0) failedChecks += 1;
  }
  const failed = counts.numFailedTests + failedChecks;
  const skipped = counts.numPendingTests + counts.numTodoTests;
  process.stdout.write(`\n${counts.numPassedTests} passed, ${failed} failed, ${skipped} skipped\n`);
  return failed === 0 && counts.numPassedTests > 0 ? 0 : 1;
});
