/**
 * @file A process that loads the engine, tests it, prints one line of JSON and ends. `doctor` starts it, so that a native
 * library that crashes or hangs takes this process along and not the app.
 */
import { loadEngine } from './load-engine.ts';
import { nativeLibrary } from './native-library.ts';
import { selfTest } from './self-test.ts';

const engine = await loadEngine();
process.stdout.write(
  `${JSON.stringify({ engine, library: nativeLibrary(), selfTest: selfTest(engine), node: process.version })}\n`,
);
