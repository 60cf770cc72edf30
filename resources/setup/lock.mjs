/** @file One set-up at a time per checkout: a second one waits, and takes over from one that died. */
import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { cacheDir, root } from './paths.mjs';
import { say } from './run.mjs';
import { isAlive } from './sweep.mjs';

const WAIT_MS = 500;

/** Creates the lock file with this process's number in it; false when another living process holds it. */
function take(path) {
  try {
    const file = openSync(path, 'wx');
    writeSync(file, String(process.pid));
    closeSync(file);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  let holder;
  try {
    holder = Number(readFileSync(path, 'utf8'));
  } catch {
    return false; // released between the two looks
  }
  if (holder > 0 && !isAlive(holder)) rmSync(path, { force: true });
  return false;
}

/** Runs `work` while holding the checkout's set-up lock. */
export async function withLock(work) {
  const folder = join(cacheDir(), 'locks');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${createHash('sha256').update(root).digest('hex').slice(0, 16)}.lock`);
  for (let tries = 0; !take(path); tries += 1) {
    if (tries === 2) say('· Waiting for another set-up of this checkout to finish');
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
  }
  const release = () => rmSync(path, { force: true });
  process.once('exit', release);
  try {
    return await work();
  } finally {
    release();
    process.off('exit', release);
  }
}
