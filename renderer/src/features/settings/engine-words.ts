/** @file The engine part of the doctor's report in words; what is not known is left out. */
import { z } from 'zod';

import type { DoctorReport } from '../../rpc/contract-types.ts';

/** What the host tells about its engine; a field that is missing or of another kind is left out. */
const engine = z.object({
  backend: z.string().nullish().catch(null),
  deviceName: z.string().nullish().catch(null),
  tensorflow: z.string().nullish().catch(null),
  threads: z.number().nullish().catch(null),
  trainable: z.boolean().nullish().catch(null),
  library: z
    .object({ folder: z.string().nullish().catch(null), source: z.string().nullish().catch(null) })
    .nullish()
    .catch(null),
});

const BACKENDS: Readonly<Record<string, string>> = {
  tensorflow: 'TensorFlow, native',
  wasm: 'WebAssembly',
  none: 'None found',
};

/** Rows of label and value, in the order in which they are shown. */
export function engineFacts(report: DoctorReport): readonly (readonly [label: string, value: string])[] {
  const { backend, deviceName, tensorflow, threads, trainable, library } = engine.parse(report.engine);
  const rows: readonly (readonly [string, string | null | undefined])[] = [
    ['Computes with', backend && (BACKENDS[backend] ?? backend)],
    ['On', deviceName],
    ['Threads', deviceName?.includes('thread') ? null : threads?.toString()],
    ['Can train', trainable === true ? 'Yes' : trainable === false ? 'No, prediction only' : null],
    ['TensorFlow version', tensorflow],
    ['Came from', library?.source],
    ['Folder', library?.folder],
  ];
  return rows.flatMap(([label, value]) => (value ? [[label, value] as const] : []));
}
