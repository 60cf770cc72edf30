/** @file `doctor`: engine found, device, self-test, memory, disk. Works when no engine loads. */
import { statfs } from 'node:fs/promises';
import { freemem, homedir, totalmem } from 'node:os';

import { loadEngine } from '../../numeric/engine/load-engine.ts';
import { selfTest } from '../../numeric/engine/self-test.ts';
import { formatBytes } from '../../../shared/domain/numbers.ts';
import type { Verb } from '../verb.ts';

export const doctor: Verb = {
  name: 'doctor',
  usage: 'doctor',
  summary: 'engine found, device, memory, disk, and a self-test of the engine',
  options: {},
  run: async () => {
    const engine = await loadEngine();
    const test =
      engine.backend === 'none' ? { ok: false, checks: [], stepMs: null } : selfTest(engine.trainable);
    const disk = await statfs(homedir());
    const json = {
      engine,
      device: engine.device,
      selfTest: test,
      memory: { totalBytes: totalmem(), freeBytes: freemem() },
      disk: { path: homedir(), freeBytes: disk.bavail * disk.bsize },
      node: process.version,
      platform: `${process.platform}-${process.arch}`,
    };
    const lines = [
      `Engine: ${engine.tensorflow === null ? engine.backend : `TensorFlow ${engine.tensorflow}`} on ${engine.deviceName}`,
      ...(engine.reason === null ? [] : [engine.reason]),
      ...test.checks.map((one) => `Self-test ${one.name}: ${one.ok ? 'right' : 'WRONG'}`),
      `Memory: ${formatBytes(json.memory.freeBytes)} free of ${formatBytes(json.memory.totalBytes)}`,
      `Disk: ${formatBytes(json.disk.freeBytes)} free`,
    ];
    return { json, text: lines.join('\n') };
  },
};
