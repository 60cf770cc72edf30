/** @file Where the sample study runs: in an app that is open already (CHESTLIGHT_URL), or in one opened for it. */
import { ORPCError } from '@orpc/client';
import { z } from 'zod';

import type { ResultRow } from '../../shared/contract/evaluation.ts';
import type { SampleProgress } from '../../shared/contract/sample.ts';
import type { RunSummary } from '../../shared/contract/training.ts';
import { isActive } from '../../shared/domain/run-state.ts';
import { isErrorCode, ServiceError } from '../../shared/domain/service-error.ts';
import { connectLoopback, type LoopbackClient } from '../node/loopback-client.ts';
import { withApp } from './app-option.ts';
import { Refusal, type VerbArguments } from './verb.ts';

export type Figures = Pick<ResultRow, 't1' | 't2' | 'differenceToNone' | 'name'>;
export type Progress = Omit<SampleProgress, 'id' | 'runIds'> & { readonly runIds: readonly string[] };

/** What the demo needs of an app. Every method throws ServiceError for what can be expected. */
export interface DemoApp {
  /** False: the app is another program, where the study goes on when this one has ended. */
  readonly own: boolean;
  start(): Promise<unknown>;
  current(): Promise<Progress | null>;
  /** Name of the run at work and how far it is, or null. */
  running(): Promise<string | null>;
  table(): Promise<readonly Figures[]>;
  /** Content of a report of the app's library, by its address. */
  report(made: NonNullable<Progress['report']>): Promise<Uint8Array>;
}

function runAtWork(runs: readonly Pick<RunSummary, 'name' | 'state' | 'progress'>[]): string | null {
  const run = runs.find(({ state }) => isActive(state));
  if (run === undefined) return null;
  const { phase, epoch, epochs } = run.progress;
  return `${run.name}, ${phase === 'training' ? `epoch ${epoch + 1} of ${epochs}` : phase}`;
}

const errorData = z.object({ detail: z.record(z.string(), z.unknown()) });

/** What the app refused, as its service said it; anything else stays a defect. */
function fromWire(error: unknown, { ended }: LoopbackClient): unknown {
  if (error instanceof ORPCError) {
    const { code, message, data } = error as ORPCError<string, unknown>;
    const parsed = errorData.safeParse(data);
    if (isErrorCode(code)) return new ServiceError(code, message, parsed.success ? parsed.data.detail : {});
  }
  if (!ended.aborted) return error;
  return new ServiceError(
    'CANCELLED',
    'The app was closed while its study was watched. What is trained is kept: start Chestlight and the study again, it goes on with what is missing.',
  );
}

async function besideApp<T>(url: string, work: (app: DemoApp) => Promise<T>): Promise<T> {
  const connection = await connectLoopback(url);
  const { client } = connection;
  const asked = async <Answer>(answer: Promise<Answer>): Promise<Answer> => {
    try {
      return await answer;
    } catch (error) {
      throw fromWire(error, connection);
    }
  };
  try {
    return await work({
      own: false,
      start: () => asked(client.sample.run({})),
      current: () => asked(client.sample.current({})),
      running: async () => runAtWork(await asked(client.training.runs({}))),
      table: () => asked(client.evaluation.table({})),
      report: ({ href }) => asked(connection.bytes(href)),
    });
  } finally {
    connection.close();
  }
}

/** @throws Refusal in plain words for everything that can be expected of either app */
export async function withDemoApp<T>(
  options: VerbArguments['options'],
  work: (app: DemoApp) => Promise<T>,
): Promise<T> {
  const url = process.env.CHESTLIGHT_URL;
  if (url !== undefined) {
    return await besideApp(url, work).catch((error: unknown) => {
      if (error instanceof ServiceError) throw new Refusal(error.code, error.message, error.detail);
      throw error;
    });
  }
  const call = { signal: new AbortController().signal };
  return await withApp(options, 'write', ({ app: { services }, evaluation }) =>
    work({
      own: true,
      start: async () => await services.sample.run({}, call),
      current: async () => await services.sample.current({}, call),
      running: async () => runAtWork(await services.training.runs({}, call)),
      table: async () => await services.evaluation.table({}, call),
      report: async ({ sha256 }) => (await evaluation.reportBytes(sha256)).bytes,
    }),
  );
}
