/** @file Everything a fresh machine needs, in order; each step is skipped when it is current. */
import { withLock } from './lock.mjs';
import { findNode } from './node24.mjs';
import { installPackages, packagesAreCurrent } from './packages.mjs';
import { buildElectron, buildRenderer } from './built.mjs';
import { SetupError } from './run.mjs';
import { provisionTensorflow, tensorflowNeedsWork } from './tensorflow.mjs';

function nodeOrRefusal() {
  const node = findNode();
  if (node !== null) return node;
  throw new SetupError(
    `No Node 24 for ${process.platform}-${process.arch} came with the packages. Install Node 24 and run again.`,
  );
}

/**
 * Returns the path of the Node that runs the product.
 * `window`: also build the window. `engine`: 'required' fails without native TensorFlow, 'wanted' goes on without it,
 * 'quiet' does too and does not repeat a try that failed.
 * @throws SetupError
 */
export async function setUp({ window = false, engine = 'wanted' } = {}) {
  const retry = engine !== 'quiet';
  if (packagesAreCurrent() && !window && !tensorflowNeedsWork({ retry })) return nodeOrRefusal();
  return withLock(async () => {
    await installPackages();
    if (tensorflowNeedsWork({ retry })) await provisionTensorflow({ required: engine === 'required' });
    const node = nodeOrRefusal();
    if (window) {
      await buildRenderer(node);
      await buildElectron(node);
    }
    return node;
  });
}
