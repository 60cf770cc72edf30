/**
 * @file Entry of the process that loads the engine, tests it and says what it found. `doctor` starts it, so that a native
 * library that crashes or hangs takes this process along and not the app.
 */
import { parentPort } from '../../shared/worker/parent-port.ts';
import { loadEngine } from '../numeric/engine/load-engine.ts';
import { nativeLibrary } from '../numeric/engine/native-library.ts';
import { selfTest } from '../numeric/engine/self-test.ts';

const port = parentPort();
// It is ended from outside when its answer is there; until then it listens, so that it does not outlive who asks.
port.onMessage(() => undefined);
const engine = await loadEngine();
port.send({ engine, library: nativeLibrary(), selfTest: selfTest(engine), node: process.version });
