/**
 * @file What this machine offers Chestlight: engine, device, self-test, memory, disk. Behind `doctor` and the badge.
 * The engine is tried in a process of its own, so that a native library that crashes becomes a sentence in the report.
 */
import { execFile, spawn } from 'node:child_process';
import { statfs } from 'node:fs/promises';
import { freemem, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { z } from 'zod';

import type { doctorReport, LibraryFacts } from '../../../shared/contract/system.ts';
import { readVersion } from '../app-version.ts';

const PROBE = fileURLToPath(new URL('../../numeric/engine/probe.ts', import.meta.url));
const PROBE_MS = 120_000;
const MAX_OUTPUT_BYTES = 1_000_000;

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
  /** The file that the process runs; it prints one line of JSON. */
  readonly entry?: string;
  readonly timeoutMs?: number;
  readonly env?: Readonly<Record<string, string>>;
}

interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
  readonly signal: string | null;
  readonly timedOut: boolean;
}

function runProbe(entry: string, timeoutMs: number, env: Readonly<Record<string, string>>): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [entry], {
      // ELECTRON_RUN_AS_NODE makes Electron's own binary a Node; Node itself does not look at it.
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (stdout.length < MAX_OUTPUT_BYTES) stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-4_000);
    });
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ stdout, stderr, code, signal, timedOut });
    });
  });
}

function why({ code, signal, timedOut, stderr }: Ended, timeoutMs: number): string {
  if (timedOut) return `it did not answer within ${timeoutMs / 1000} s`;
  if (signal !== null) return `it crashed (${signal})`;
  const last = stderr.trim().split('\n').at(-1) ?? '';
  return `it ended with code ${code}${last === '' ? '' : `: ${last}`}`;
}

/** Loads and tests the engine in a child process; a crash, a hang or nonsense is a result with the reason. */
export async function probeEngine(options: ProbeOptions = {}): Promise<ProbeResult> {
  const timeoutMs = options.timeoutMs ?? PROBE_MS;
  let reason: string;
  try {
    const ended = await runProbe(options.entry ?? PROBE, timeoutMs, options.env ?? {});
    const line = ended.stdout.trim().split('\n').at(-1) ?? '';
    const parsed = ended.code === 0 ? probeResult.safeParse(parseJson(line)) : null;
    if (parsed?.success === true) return parsed.data;
    reason = parsed === null ? why(ended, timeoutMs) : 'its answer could not be read';
  } catch (error) {
    reason = `it could not be started: ${error instanceof Error ? error.message : String(error)}`;
  }
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

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
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
  options: ProbeOptions = {},
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
