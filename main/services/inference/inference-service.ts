/** @file Prediction of one film by one run, with attention: cached in the library, computed in the inference process. */
import type {
  AttentionMap,
  FigureRequest,
  Prediction,
  Suitability,
} from '../../../shared/contract/inference.ts';
import type { RunConfig } from '../../../shared/contract/training.ts';
import { byteRoutes } from '../../../shared/contract/bytes.ts';
import type { FilmId, RunId } from '../../../shared/domain/ids.ts';
import { MODEL_SIDE } from '../../../shared/domain/geometry.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { taskName, taskOfFinding, type Task } from '../../../shared/domain/task.ts';
import type { MapKey } from '../../store/predictions.ts';
import type { AttentionQuery } from '../app.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import type { CallContext, Clock, InferenceService, Log, WorkerHost } from '../service-types.ts';
import { attentionPng as paintAttention } from './attention-png.ts';
import { drawFigure, keepFigure } from './figure/figure.ts';
import { finishedRun, type FinishedRun } from './finished-run.ts';
import { createInferenceProcess, type EngineReady, type Predicted } from './inference-process.ts';
import { createLikenessGate, distanceOf, likenessOf, type RunLikeness } from './likeness-gate.ts';
import { pointsInForce } from './thresholds.ts';
import { createPredictionCache } from './prediction-cache.ts';
import { suitabilityOf } from './suitability.ts';

export interface InferenceDeps {
  readonly library: OpenLibrary;
  readonly workerHost: WorkerHost;
  readonly clock: Clock;
  readonly log: Log;
}

export interface InferenceParts {
  readonly service: InferenceService;
  /** What the engine is; starts the process. @throws ServiceError ENGINE_UNAVAILABLE */
  engineInfo(): Promise<EngineReady>;
  /**
   * Asks the newest model about a black film, as the Reading room asks first: the film that somebody opens first then waits for
   * neither weights nor a graph. Nothing is kept. @throws ServiceError as `predict` does
   */
  warmUp(): Promise<void>;
  /** RGBA PNG of 224 × 224 to lay over the film. */
  attentionPng(runId: RunId, filmId: FilmId, query: AttentionQuery): Promise<Uint8Array>;
  /** Predictions of [224 × 224] grey images that are in no library, in their order; nothing is kept. */
  predictImages(
    runId: RunId,
    images: readonly Uint8Array[],
    attention: readonly MapKey[],
  ): Promise<readonly ImagePrediction[]>;
  /** Scores by a process of its own that has loaded no other weights, one image at a time: for checks; nothing is kept. */
  readonly scoreAfresh: (
    model: WeightsOnDisk,
    images: readonly Uint8Array[],
  ) => Promise<readonly { readonly t1: readonly number[]; readonly t2: number }[]>;
  /** An attention figure's bytes; only predictions are kept. */
  drawFigure(request: FigureRequest, context: CallContext): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Weights that need not be a run's of the library. */
export interface WeightsOnDisk {
  readonly config: RunConfig;
  readonly weightsPath: string;
  readonly weightsSha256: string;
}

export type ImagePrediction = Pick<Prediction, 't1' | 't2' | 'seconds' | 'attention'> & {
  readonly likeness: Suitability['likeness'];
};

/** What the Reading room opens with. */
const FIRST_ASKED: readonly MapKey[] = [{ method: 'rollout', head: null, target: null }];

interface Answer {
  readonly t1: readonly number[];
  readonly t2: number;
  readonly distance: number | null;
  readonly seconds: number;
  readonly attention: readonly AttentionMap[];
}

/** Rollout and relevance join the heads; only relevance has a target, abnormal when none is named. */
function normalised({ method, head, target }: MapKey): MapKey {
  return {
    method,
    head: method === 'last' ? head : null,
    target: method === 'relevance' ? (target ?? 'abnormal') : null,
  };
}

function asAnswer(likeness: RunLikeness, { t1, t2, features, seconds, attention }: Predicted): Answer {
  const maps = attention.map((map) => ({ ...map, values: [...map.values] }));
  return { t1, t2, distance: distanceOf(likeness, features), seconds, attention: maps };
}

export function createInferenceService(deps: InferenceDeps): InferenceParts {
  const { library, clock, log } = deps;
  const { store, filmBytes } = library;
  const process = createInferenceProcess(deps.workerHost, log, deps.library.files.access);
  const cache = createPredictionCache(library, clock);
  const gate = createLikenessGate(library);

  async function compute(
    { run, weightsPath, weightsSha256 }: FinishedRun,
    images: readonly Uint8Array[],
    attention: readonly MapKey[],
    { fit }: RunLikeness,
  ): Promise<readonly Predicted[]> {
    const maps = attention.map((map) => ({ ...map }));
    return await process.predict({
      config: run.config,
      weightsPath,
      weightsSha256,
      images: images.map((image) => new Uint8Array(image)),
      attention: maps,
      features: fit !== null,
    });
  }

  /** Scores with the operating points in force: set by hand, else chosen on the validation part. */
  function scored({ run }: FinishedRun, { t1, t2 }: Pick<Answer, 't1' | 't2'>) {
    const points = pointsInForce(store, run.id);
    const one = (task: Task, score: number) => {
      const { threshold = null, kept = null, band = null } = points.get(task) ?? {};
      return {
        name: taskName(task),
        score,
        threshold,
        kept: kept === null ? null : { at: kept.at, by: kept.by, fitted: kept.fitted, reason: kept.reason },
        uncertain: band !== null && score >= band.from && score < band.to,
        band,
      };
    };
    return {
      t2: one('t2', t2),
      t1: run.config.findings.map((name, index) => one(taskOfFinding(name), t1[index] ?? Number.NaN)),
    };
  }

  async function answerFor(
    finished: FinishedRun,
    filmId: FilmId,
    asked: readonly MapKey[],
    likeness: RunLikeness,
  ): Promise<Answer & { readonly cached: boolean }> {
    const wanted = asked.map(normalised);
    const key = { runId: finished.run.id, filmId, weightsSha256: finished.weightsSha256 };
    const kept = await cache.find(key, wanted);
    const missing = wanted.filter((_, index) => (kept?.maps[index] ?? null) === null);
    const compared = likeness.fit === null || (kept !== null && kept.distance !== null);
    if (kept !== null && missing.length === 0 && compared) {
      return { ...kept, attention: kept.maps.filter((map) => map !== null), cached: true };
    }
    const [predicted] = await compute(finished, [await filmBytes.modelImage(filmId)], missing, likeness);
    if (predicted === undefined) throw new Error('the inference process gave no answer');
    const fresh = asAnswer(likeness, predicted);
    await cache.put(key, predicted, fresh.distance);
    let next = 0;
    const attention = wanted.map((_, index) => {
      const map = kept?.maps[index] ?? fresh.attention[next++];
      if (map === undefined) throw new Error('the inference process left out an attention map');
      return map;
    });
    return { ...fresh, attention, cached: false };
  }

  async function predict(runId: RunId, filmId: FilmId, asked: readonly MapKey[]): Promise<Prediction> {
    const finished = finishedRun(library, runId);
    const film = store.films.find(filmId);
    if (film === null) {
      throw new ServiceError('NOT_FOUND', 'This film is not in the library.', { filmId });
    }
    const likeness = await gate.of(finished);
    const { attention, seconds, cached, distance, ...scores } = await answerFor(
      finished,
      filmId,
      asked,
      likeness,
    );
    const image = await filmBytes.modelImage(filmId);
    const { pixelAspect: aspect, bodyPart } = await filmBytes.headerFacts(filmId);
    const { resolution } = finished.run.config;
    return {
      runId,
      filmId,
      runName: finished.run.name,
      resolution,
      ...scored(finished, scores),
      suitability: suitabilityOf({ ...film, aspect, bodyPart }, image, likenessOf(likeness, distance)),
      attention: [...attention],
      inputHref: byteRoutes.input(filmId, resolution),
      seconds,
      cached,
    };
  }

  const draw: InferenceParts['drawFigure'] = (request, context) =>
    drawFigure({ library, predict }, clock, request, context);

  return {
    service: {
      predict: ({ runId, filmId, attention }) => predict(runId, filmId, attention),
      async figure(request, context) {
        library.files.refuseIfReadOnly();
        return await keepFigure(library.files, await draw(request, context), request.format);
      },
    },
    drawFigure: draw,
    async warmUp() {
      const newest = store.runs
        .list()
        .findLast(({ state, config }) => state === 'finished' && config.method !== 'pretrain');
      if (newest === undefined) return;
      const finished = finishedRun(library, newest.id);
      await compute(finished, [new Uint8Array(MODEL_SIDE ** 2)], FIRST_ASKED, await gate.of(finished));
    },
    engineInfo: () => process.ready(),
    async attentionPng(runId, filmId, query) {
      const finished = finishedRun(library, runId);
      const { attention } = await answerFor(finished, filmId, [query], await gate.of(finished));
      const [map] = attention;
      if (map === undefined) throw new Error('a map was asked for');
      return await paintAttention(map);
    },
    async predictImages(runId, images, asked) {
      const finished = finishedRun(library, runId);
      const likeness = await gate.of(finished);
      return (await compute(finished, images, asked.map(normalised), likeness)).map((predicted) => {
        const { distance, attention, seconds, ...scores } = asAnswer(likeness, predicted);
        return {
          ...scored(finished, scores),
          attention: [...attention],
          seconds,
          likeness: likenessOf(likeness, distance),
        };
      });
    },
    async scoreAfresh({ config, weightsPath, weightsSha256 }, images) {
      const own = createInferenceProcess(deps.workerHost, log, deps.library.files.access);
      try {
        const scores = [];
        for (const image of images) {
          const asked = {
            config,
            weightsPath,
            weightsSha256,
            images: [new Uint8Array(image)],
            attention: [],
            features: false,
          };
          const [answer] = await own.predict(asked);
          if (answer === undefined) throw new Error('the inference process gave no answer');
          scores.push({ t1: answer.t1, t2: answer.t2 });
        }
        return scores;
      } finally {
        own.close();
      }
    },
    close: () => {
      process.close();
      return Promise.resolve();
    },
  };
}
