/** @file `runs` lists the runs of a library; `resume RUN` goes on with one from its last checkpoint. */
import type { RunId } from '../../../shared/domain/ids.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import type { AppParts } from '../../services/compose.ts';
import type { EvaluationSummary } from '../../services/evaluation/summary.ts';
import { readingOrNew, withApp } from '../app-option.ts';
import { LIBRARY_OPTION, stderrLog } from '../library-option.ts';
import { followRun, inWords } from '../run-verb.ts';
import { Refusal, type Verb } from '../verb.ts';

const call = { signal: new AbortController().signal };

/** Null, with a warning, when the stored result cannot be read: the other runs are listed all the same. */
async function testOf({ evaluation }: AppParts, id: RunId): Promise<EvaluationSummary | null> {
  try {
    return await evaluation.summary(id);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    stderrLog.warn('the result of a run cannot be read', { runId: id, code: error.code, why: error.message });
    return null;
  }
}

export const runs: Verb = {
  name: 'runs',
  usage: 'runs --library DIR',
  summary: 'the runs of a library with their states and results',
  options: LIBRARY_OPTION,
  run: ({ options }) =>
    withApp(options, readingOrNew(options), async (parts) => {
      const { training, library } = parts;
      const list = await training.service.runs({}, call);
      const json = await Promise.all(
        list.map(async ({ id, test, progress, ...run }) => ({
          runId: id,
          ...run,
          steps: library.store.runs.get(id as RunId).steps,
          notes: library.store.runs.notes(id as RunId),
          epochs: library.store.runs.history(id as RunId).length,
          fraction: progress.fraction,
          test: test === null ? null : await testOf(parts, id as RunId),
        })),
      );
      const text = list.length === 0 ? 'There are no runs in this library.' : list.map(inWords).join('\n');
      return { json: { runs: json }, text };
    }),
};

export const resume: Verb = {
  name: 'resume',
  usage: 'resume --library DIR RUN',
  words: 1,
  summary: 'goes on with a paused, interrupted or failed run',
  options: LIBRARY_OPTION,
  run: async ({ options, positionals }) => {
    const runId = positionals[0] as RunId | undefined;
    if (runId === undefined)
      throw new Refusal('BAD_INPUT', 'Name the run: chestlight resume RUN --library DIR');
    return await followRun(options, async ({ library, training }) => {
      const { state } = library.store.runs.get(runId);
      // A run that waited is taken up when the library opens.
      if (state !== 'queued' && state !== 'preparing') await training.service.resume({ runId }, call);
      return runId;
    });
  },
};
