/** @file The teacher of a run: its answers computed where they are missing, then read from disk; the model itself is let go. */
import { ServiceError } from '../../shared/domain/service-error.ts';
import type { RunPlan } from '../../shared/worker/protocol.ts';
import { isTaught } from '../numeric/methods/needs.ts';
import { disposeParameters } from '../numeric/vit/parameters.ts';
import type { FilmSet } from './film-set.ts';
import { InputFeed } from './input-feed.ts';
import { buildKnowledge, knowledgeSource, teacherInput, type KnowledgeSettings } from './knowledge-cache.ts';
import type { KnowledgeSource } from './knowledge-reader.ts';
import { ModelCache } from './model-cache.ts';
import type { RunHost } from './run-host.ts';
import type { RunReporter } from './run-reporter.ts';
import { orStopped } from './stopped.ts';

/** Null for runs without a teacher. @throws Stopped on pause and cancel: what is computed is kept; ServiceError, KnowledgeRangeError */
export async function teacherKnowledge(
  plan: RunPlan,
  host: RunHost,
  reporter: RunReporter,
  films: FilmSet,
): Promise<KnowledgeSource | null> {
  const { teacher, knowledge, config } = plan;
  const taught = isTaught(config.method);
  if (taught !== (teacher !== null) || taught !== knowledge.length > 0) {
    throw new ServiceError(
      'INCOMPATIBLE',
      `The method ${config.method} and the teacher of this run do not agree.`,
    );
  }
  if (teacher === null) return null;
  const model = await new ModelCache().load(
    host.vault,
    teacher.weightsPath,
    teacher.weightsSha256,
    config.findings.length,
  );
  const { recipe } = config;
  const train = films.part('train');
  const settings: KnowledgeSettings = {
    parts: knowledge,
    views: recipe.augment ? recipe.views : 1,
    augmented: recipe.augment,
    batch: recipe.microBatch,
    functions: host.functions,
    vault: host.vault,
  };
  /** Films in views that are still to be asked about. */
  let total = train.length * settings.views;
  let done = 0;
  const feed = new InputFeed(films, teacherInput(model.config, films.size));
  try {
    await buildKnowledge(model, feed, train, settings, {
      between: async (answered) => {
        done += answered;
        reporter.portion('knowledge', done, total);
        await orStopped(host);
      },
      onKnown: (answered) => {
        total -= answered;
      },
      onShard: (size) => host.send({ type: 'knowledge', ...size }),
    });
  } finally {
    feed.dispose();
    disposeParameters(model.parameters); // not needed any more: its answers are on disk
  }
  return knowledgeSource(model, train, settings);
}
