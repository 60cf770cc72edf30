/** @file Where the native TensorFlow library comes from: the folder that set-up linked into the package, and its stamp. */
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export interface NativeLibrary {
  /** Folder with libtensorflow, symbolic links resolved. */
  readonly folder: string;
  /** How set-up came by it, in words, e.g. `PyPI wheel tensorflow_cpu-2.20.0-….whl`; null when it left no word. */
  readonly source: string | null;
}

const STAMP = 'complete';

function sourceOf(stamp: string): string | null {
  try {
    const content: unknown = JSON.parse(stamp);
    const source = typeof content === 'object' && content !== null && 'source' in content && content.source;
    return typeof source === 'string' ? source : null;
  } catch {
    return null; // a stamp that is only a checksum
  }
}

/** The library in the package's `deps` folder; null when none was set up. */
export function nativeLibrary(): NativeLibrary | null {
  const require = createRequire(import.meta.url);
  const deps = join(dirname(require.resolve('@tensorflow/tfjs-node-gpu/package.json')), 'deps');
  const lib = join(deps, 'lib');
  if (!existsSync(lib)) return null;
  const stamp = join(dirname(realpathSync(deps)), STAMP);
  return {
    folder: realpathSync(lib),
    source: existsSync(stamp) ? sourceOf(readFileSync(stamp, 'utf8')) : null,
  };
}
