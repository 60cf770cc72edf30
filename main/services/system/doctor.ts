/**
 * @file What this machine offers Chestlight: engine, device, self-test, memory, disk. Behind `doctor` and the badge.
 * The engine is tried in a process of its own, so that a native library that crashes becomes a sentence in the report.
 */
import { execFile } from 'node:child_process';
import { statfs } from 'node:fs/promises';
import { freemem, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

import { z } from 'zod';

import type { doctorReport, LibraryFacts } from '../../../shared/contract/system.ts';
import { readVersion } from '../app-version.ts';
import type { WorkerHost } from '../service-types.ts';

const PROBE_MS = 120_000;

const probeResult = z.object({
  engine: z.object({
    backend: z.enum(['tensorflow', 'wasm', 'none']),
    device: z.enum(['gpu', 'cpu', 'wasm', 'none']),
    deviceName: z.string(),
    tensorflow: z.string().nullable(),
    threads: z.number(),
    trainable: z.boolean(),
    reason: z.string().nullable(),
  }),
  library: z.object({ folder: z.string(), source: z.string().nullable() }).nullable(),
  selfTest: z.object({
    ok: z.boolean(),
    checks: z.array(
      z.object({
        name: z.string(),
        ok: z.boolean(),
        maxError: z.number().nullable(),
        error: z.string().optional(),
      }),
    ),
    stepMs: z.number().nullable(),
  }),
  node: z.string(),
});
export type ProbeResult = z.infer<typeof probeResult>;
export type DoctorReport = z.infer<typeof doctorReport>;

export interface ProbeOptions {
  readonly workerHost: WorkerHost;
  readonly timeoutMs?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** What a process of kind `probe` said, or how it ended before it said anything. */
function runProbe(options: ProbeOptions, timeoutMs: number): Promise<{ said: unknown } | { why: string }> {
  return new Promise((resolve) => {
    const worker = options.workerHost.start('probe', options.env);
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      worker.kill();
    }, timeoutMs);
    worker.onMessage((said) => {
      clearTimeout(timer);
      resolve({ said });
      worker.kill();
    });
    worker.onExit((code, signal) => {
      clearTimeout(timer);
      if (timedOut) return resolve({ why: `it did not answer within ${timeoutMs / 1000} s` });
      if (signal === 'not started') return resolve({ why: 'it could not be started' });
      if (signal !== null) return resolve({ why: `it crashed (${signal})` });
      const last = worker.lastWords();
      resolve({ why: `it ended with code ${code}${last === '' ? '' : `: ${last}`}` });
    });
  });
}

/** Loads and tests the engine in a process of its own; a crash, a hang or nonsense is a result with the reason. */
export async function probeEngine(options: ProbeOptions): Promise<ProbeResult> {
  const ended = await runProbe(options, options.timeoutMs ?? PROBE_MS);
  const parsed = 'said' in ended ? probeResult.safeParse(ended.said) : null;
  if (parsed?.success === true) return parsed.data;
  const reason = 'why' in ended ? ended.why : 'its answer could not be read';
  return {
    engine: {
      backend: 'none',
      device: 'none',
      deviceName: 'none',
      tensorflow: null,
      threads: 0,
      trainable: false,
      reason: `The engine was tried in a process of its own, and ${reason}. Set CHESTLIGHT_ENGINE=wasm to predict without the native library, or run "npm start" to set it up again.`,
    },
    library: null,
    selfTest: { ok: false, checks: [], stepMs: null },
    node: process.version,
  };
}

/** The nearest existing folder of `path`: a library that is not made yet is measured where it will be. */
async function freeDisk(path: string): Promise<number> {
  for (let folder = path; ; folder = dirname(folder)) {
    try {
      const { bavail, bsize } = await statfs(folder);
      return bavail * bsize;
    } catch (error) {
      if (dirname(folder) === folder) throw error;
    }
  }
}

const DRIVER_MS = 5000;

/** Version of the graphics card's driver; null where there is no NVIDIA driver. */
async function driverVersion(): Promise<string | null> {
  const args = ['--query-gpu=driver_version', '--format=csv,noheader'];
  try {
    const { stdout } = await promisify(execFile)('nvidia-smi', args, { timeout: DRIVER_MS });
    return /^[\d.]+/.exec(stdout)?.[0] ?? null;
  } catch {
    return null; // not installed, or it does not find a card
  }
}

/**
 * Everything that `doctor` says. `libraryPath` is the folder whose disk is measured; it need not exist.
 * @param library what is known of the open library; null = none is open
 */
export async function collectDoctorReport(
  libraryPath: string,
  library: LibraryFacts | null,
  options: ProbeOptions,
): Promise<DoctorReport> {
  const [probe, freeBytes, driver, version] = await Promise.all([
    probeEngine(options),
    freeDisk(libraryPath),
    driverVersion(),
    readVersion(),
  ]);
  return {
    version,
    at: Date.now(),
    library,
    driver,
    engine: { ...probe.engine, library: probe.library },
    device: probe.engine.device,
    selfTest: probe.selfTest,
    memory: { totalBytes: totalmem(), freeBytes: freemem() },
    disk: { path: libraryPath, freeBytes },
    node: probe.node,
    platform: `${process.platform}-${process.arch}`,
  };
}
