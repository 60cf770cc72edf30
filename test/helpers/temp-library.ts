/** @file Temporary folders, a clock that tests own, a log that keeps its lines, and an opened library in one call. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { onTestFinished } from 'vitest';

import { createNodeWorkerHost } from '../../main/node/worker-host-node.ts';
import type { Log } from '../../main/services/service-types.ts';
import {
  openLibrary,
  type OpenLibrary,
  type OpenLibraryOptions,
} from '../../main/services/library/open-library.ts';
import { importSource, type ImportEvent } from '../../shared/contract/library.ts';
import type { ImportId } from '../../shared/domain/ids.ts';

/** A folder that is gone when the test ends. */
export function tempFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'chestlight-test-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Counts up by one millisecond a call. */
export function testClock(start = 1_700_000_000_000): { now(): number } {
  let time = start;
  return { now: () => time++ };
}

export interface KeptLog extends Log {
  readonly lines: readonly string[];
}

export function keptLog(): KeptLog {
  const lines: string[] = [];
  const write = (message: string, fields?: Readonly<Record<string, unknown>>): void => {
    lines.push(`${message} ${JSON.stringify(fields ?? {})}`);
  };
  return { lines, info: write, warn: write, error: write };
}

export async function tempLibrary(options: Partial<OpenLibraryOptions> & { readonly dir?: string } = {}) {
  const dir = options.dir ?? join(tempFolder(), 'library');
  const log = keptLog();
  const library = await openLibrary(dir, {
    workerHost: createNodeWorkerHost(),
    clock: testClock(),
    log,
    pool: { size: 1 },
    ...options,
  });
  onTestFinished(() => library.close());
  return { dir, library, log };
}

export const call = { signal: new AbortController().signal };

/** Starts an import and waits for its end. */
export async function importAll(
  library: OpenLibrary,
  source: Parameters<typeof importSource.parse>[0],
): Promise<ImportEvent> {
  const { importId } = await library.service.import(importSource.parse(source), call);
  return await endOf(library, importId as ImportId);
}

export async function endOf(library: OpenLibrary, importId: ImportId): Promise<ImportEvent> {
  let last: ImportEvent | null = null;
  for await (const event of library.imports.watch(importId, call.signal)) last = event;
  if (last === null) throw new Error('an import sends at least one event');
  return last;
}
