/** @file Entry of the inference process: predicts some films at a time, apart from training; falls back to WebAssembly. */
import { performance } from 'node:perf_hooks';

import { ServiceError } from '../../shared/domain/service-error.ts';
import {
  toInference,
  WORKER_PROTOCOL,
  type FromInference,
  type ToInference,
} from '../../shared/worker/protocol.ts';
import { openVault } from '../files/sealed-vault.ts';
import { CompiledFunctions } from '../numeric/engine/graph/compiled-function.ts';
import { loadEngine, type Engine } from '../numeric/engine/load-engine.ts';
import { refuseWrongEngine } from '../numeric/engine/self-test.ts';
import { ModelCache } from './model-cache.ts';
import { compilesGraphs } from './graph-choice.ts';
import { parentPort } from '../../shared/worker/parent-port.ts';
import { predictFilms } from './predict-films.ts';

const port = parentPort();
const models = new ModelCache();
const functions = new CompiledFunctions({
  compile: compilesGraphs(),
  onEager: (why) =>
    process.stderr.write(`Predictions are computed without a graph, which is slower: ${why}\n`),
});
const send = (message: FromInference): void => port.send(message);

async function answer(message: ToInference, engine: Engine): Promise<FromInference> {
  const { request, access, config, weightsPath, weightsSha256, images, attention, features } = message;
  const began = performance.now();
  const model = await models.load(openVault(access), weightsPath, weightsSha256, config.findings.length);
  const question = {
    images,
    input: { resolution: config.resolution, reduce: config.input.reduce, upsample: config.input.upsample },
    findings: config.findings,
    attention,
    features,
    trainable: engine.trainable,
  };
  const films = predictFilms(model, question, functions);
  return { type: 'prediction', request, films, seconds: (performance.now() - began) / 1000 };
}

function failure(request: number, error: unknown): FromInference {
  const code = error instanceof ServiceError ? error.code : 'WORKER_CRASHED';
  return { type: 'failed', request, code, message: error instanceof Error ? error.message : String(error) };
}

function announce(engine: Engine): void {
  const { backend, device, deviceName, tensorflow, threads, trainable, reason } = engine;
  if (backend === 'none' || device === 'none') {
    send(failure(0, new ServiceError('ENGINE_UNAVAILABLE', reason ?? 'No engine could be loaded.')));
    return;
  }
  try {
    refuseWrongEngine(engine);
  } catch (error) {
    send(failure(0, error));
    return;
  }
  const facts = { backend, device, deviceName, tensorflow, threads, trainable, reason };
  send({ type: 'ready', protocol: WORKER_PROTOCOL, ...facts });
}

const engine = loadEngine();
// One after the other: the engine computes synchronously, and memory is for one request.
let last: Promise<void> = engine.then(announce);
port.onMessage((raw) => {
  last = last.then(async () => {
    const message = toInference.safeParse(raw);
    if (!message.success) {
      send(
        failure(0, new ServiceError('BAD_INPUT', `Not a message to this process: ${message.error.message}`)),
      );
      return;
    }
    try {
      send(await answer(message.data, await engine));
    } catch (error) {
      send(failure(message.data.request, error));
    }
  });
});
