/** @file Everything a fresh machine needs, in order; each step is skipped when it is current. */
import { installPackages } from './packages.mjs';
import { node24 } from './paths.mjs';
import { SetupError } from './run.mjs';
import { provisionTensorflow } from './tensorflow.mjs';

/** Returns the path of the Node 24 binary that runs the product. @throws SetupError */
export async function setUp() {
  await installPackages();
  await provisionTensorflow();
  const node = node24();
  if (node === null) {
    throw new SetupError(
      `No Node 24 for ${process.platform}-${process.arch} came with the packages. Install Node 24 and run again.`,
    );
  }
  return node;
}

/** Runs `main`, turning set-up problems into one line and exit code 2. */
export async function guarded(main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  }
}
