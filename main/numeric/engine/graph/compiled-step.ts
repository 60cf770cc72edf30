/**
 * @file A training step as one TensorFlow graph, recorded from the same functions that the eager step calls. Weights, moments,
 * average and the sum of gradients are variables of its session; a step hands over a batch and a few numbers.
 */
import * as tf from '@tensorflow/tfjs-core';

import type { Precision } from '../../../../shared/domain/recipe.ts';
import {
  ADAMW_DEFAULTS,
  adamwUpdate,
  clipFactor,
  decayFactors,
  gradientNorm,
  movingAverage,
} from '../../optim/adamw.ts';
import type { StateKind, TrainState } from '../../train/train-state.ts';
import type { OptimiserSettings, StepWork } from '../../train/train-step.ts';
import { inHalfPrecision } from './mixed-precision.ts';
import { Program } from './program.ts';
import type { DataType, GraphNode } from './recorded-graph.ts';
import { record, type NativeBackend } from './recorder.ts';
import { after, placeholder, Variable } from './variables.ts';

/** What does not change from step to step. */
export interface CompiledSettings<Fed> {
  readonly work: Pick<StepWork<never, Fed>, 'named' | 'gradients'>;
  readonly optimiser: Omit<OptimiserSettings, 'learningRate'>;
  /** `mixed`: matrix products of the gradients in bfloat16. */
  readonly precision: Precision;
}

/** A micro-batch as it is fed, of `films` films. */
export interface Micro<Fed> {
  readonly films: number;
  readonly fed: Fed;
}

/** Micro-batches of each size have operations of their own. */
const microName = ({ films }: Micro<unknown>): string => `micro-${films}`;
const NORM = 'norm/value';
const APPLIED = 'apply/done';
const ASSIGNED = 'assign/done';
const RATES = 'rates';

type Kind = StateKind | 'gradients';

/** Variables of one kind, one a parameter group. */
function variablesOf(state: TrainState, kind: Kind): Variable[] {
  return state.groups.map(({ size }, at) => new Variable(`state/${kind}/${at}`, [size]));
}

export class CompiledStep<Fed> {
  readonly #program: Program;
  readonly #variables: ReadonlyMap<Kind, readonly Variable[]>;
  readonly #named: CompiledSettings<Fed>['work']['named'];

  /**
   * Records a step for micro-batches of the sizes of `batches`. The session begins with the values of `state`, which
   * is left as it is. @throws RecordingError naming an operation that cannot be written
   */
  constructor(
    backend: NativeBackend,
    state: TrainState,
    batches: readonly Micro<Fed>[],
    { work, optimiser, precision }: CompiledSettings<Fed>,
  ) {
    this.#named = work.named;
    const kinds: Kind[] = ['parameters', 'm', 'v', 'gradients', ...(state.hasEma ? (['ema'] as const) : [])];
    this.#variables = new Map(kinds.map((kind) => [kind, variablesOf(state, kind)]));
    const nodes = [
      ...[...this.#variables.values()].flat().flatMap((variable) => variable.nodes()),
      ...this.#assignNodes(),
      ...batches.flatMap((batch) => {
        const micro = this.#microNodes(backend, state, batch, work);
        return precision === 'mixed' ? inHalfPrecision(micro, microName(batch)) : micro;
      }),
      ...this.#applyNodes(backend, state, optimiser),
    ];
    this.#program = new Program(backend, nodes);
    try {
      this.assign(state);
    } catch (error) {
      this.#program.dispose(); // nobody else knows of it
      throw error;
    }
  }

  #of(kind: Kind): readonly Variable[] {
    return this.#variables.get(kind) ?? [];
  }

  /** Placeholders for every variable's value; one fetch assigns them all. */
  #assignNodes(): GraphNode[] {
    const all = [...this.#variables.values()].flat();
    const given = all.map((variable) => placeholder(`assign/${variable.name}`, variable.shape));
    const assigned = all.map((variable) =>
      variable.assign(`assigned/${variable.name}`, `assign/${variable.name}`),
    );
    return [...given, ...assigned, after(ASSIGNED, given[0]?.name ?? '', assigned)];
  }

  #microNodes(
    backend: NativeBackend,
    state: TrainState,
    micro: Micro<Fed>,
    work: CompiledSettings<Fed>['work'],
  ): GraphNode[] {
    const parameters = state.tensors('parameters');
    const given = work.named(micro.fed);
    const at = microName(micro);
    const inputs = new Map<tf.Tensor, string>([
      ...parameters.map((tensor, group) => [tensor, this.#of('parameters')[group]?.read ?? ''] as const),
      ...[...given].map(([name, tensor]) => [tensor, `${at}/${name}`] as const),
    ]);
    const { nodes, outputs } = record(backend, at, inputs, () => {
      const { measured, gradients } = work.gradients(parameters, micro.fed);
      return {
        measured,
        ...Object.fromEntries(gradients.map((gradient, group) => [String(group), gradient])),
      };
    });
    const added = this.#of('gradients').map((variable, group) =>
      variable.add(`${at}/added/${group}`, outputs[String(group)] ?? ''),
    );
    return [
      ...[...given].map(([name, tensor]) =>
        placeholder(`${at}/${name}`, tensor.shape, tensor.dtype as DataType),
      ),
      ...nodes,
      ...added,
      after(`${at}/done`, outputs['measured'] ?? '', added),
    ];
  }

  #applyNodes(
    backend: NativeBackend,
    state: TrainState,
    optimiser: CompiledSettings<Fed>['optimiser'],
  ): GraphNode[] {
    const [beta1, beta2] = optimiser.betas ?? [ADAMW_DEFAULTS.beta1, ADAMW_DEFAULTS.beta2];
    const epsilon = optimiser.epsilon ?? ADAMW_DEFAULTS.epsilon;
    const { weightDecay, clipNorm, emaDecay } = optimiser;
    const gradients = state.groups.map(({ size }) => tf.zeros([size]));
    const rates = tf.tensor1d([1, 1, 1]);
    const read = (kind: Kind, tensors: readonly tf.Tensor[]) =>
      tensors.map((tensor, at) => [tensor, this.#of(kind)[at]?.read ?? ''] as const);
    const inputs = new Map<tf.Tensor, string>([
      ...read('gradients', gradients),
      ...read('parameters', state.tensors('parameters')),
      ...read('m', state.tensors('m')),
      ...read('v', state.tensors('v')),
      ...read('ema', state.tensors('ema')),
      [rates, RATES],
    ]);
    const { nodes, outputs } = record(backend, 'apply', inputs, () => {
      const norm = gradientNorm(gradients);
      const [stepSize, correction, decay] = tf.unstack(rates) as [tf.Tensor, tf.Tensor, tf.Tensor];
      const factor = clipNorm === null ? null : clipFactor(norm, clipNorm);
      const made: Record<string, tf.Tensor> = { norm };
      gradients.forEach((gradient, at) => {
        const now = state.group(at);
        const next = adamwUpdate(
          now,
          factor === null ? gradient : tf.mul(gradient, factor),
          weightDecay === 0 ? null : decayFactors(now.decayMask, decay),
          { stepSize, correction },
          { beta1, beta2, epsilon },
        );
        made[`parameters/${at}`] = next.parameters;
        made[`m/${at}`] = next.m;
        made[`v/${at}`] = next.v;
        made[`gradients/${at}`] = tf.zerosLike(gradient);
        if (now.ema !== null && emaDecay !== null) {
          made[`ema/${at}`] = movingAverage(now.ema, next.parameters, emaDecay);
        }
      });
      return made;
    });
    tf.dispose([...gradients, rates]);
    const { norm = '', ...values } = outputs;
    const assigned = Object.entries(values).map(([place, source]) => {
      const [kind, at] = place.split('/') as [Kind, string];
      const variable = this.#of(kind)[Number(at)];
      if (variable === undefined) throw new Error(`there is no variable ${place}`);
      return variable.assign(`apply/assigned/${place}`, source);
    });
    return [
      placeholder(RATES, [3]),
      ...nodes,
      ...assigned,
      after(NORM, norm, []),
      after(APPLIED, norm, assigned),
    ];
  }

  /** Takes over the values of `state`; no gradient is summed yet. */
  assign(state: TrainState): void {
    tf.tidy(() => {
      const inputs = new Map<string, tf.Tensor>();
      for (const [kind, variables] of this.#variables) {
        variables.forEach((variable, at) => {
          const value = kind === 'gradients' ? tf.zeros([...variable.shape]) : state.tensors(kind)[at];
          if (value !== undefined) inputs.set(`assign/${variable.name}`, value);
        });
      }
      this.#program.run(inputs, [ASSIGNED]);
    });
  }

  /** Adds the gradients of one micro-batch. [1 + terms]: the loss, then each term unweighted. */
  micro(micro: Micro<Fed>): Float32Array {
    const at = microName(micro);
    const inputs = new Map([...this.#named(micro.fed)].map(([name, tensor]) => [`${at}/${name}`, tensor]));
    return read(this.#program.run(inputs, [`${at}/done`]));
  }

  /** Norm of the gradients added so far, before clipping. */
  gradientNorm(): number {
    return read(this.#program.run(new Map(), [NORM]))[0] ?? Number.NaN;
  }

  /** Clips, updates the weights, and begins a new sum of gradients. `rates` are the `stepRates` of the step. */
  apply(rates: Float32Array): void {
    tf.tidy(() => {
      this.#program.run(new Map([[RATES, tf.tensor1d(rates)]]), [APPLIED]);
    });
  }

  /** Values of one kind, one array a parameter group: copies. */
  values(kind: StateKind): Float32Array[] {
    return this.#of(kind).map((variable) => read(this.#program.run(new Map(), [variable.read])));
  }

  dispose(): void {
    this.#program.dispose();
  }
}

/** The values of the only tensor, which is disposed. */
function read([tensor]: tf.Tensor[]): Float32Array {
  if (tensor === undefined) throw new Error('the program gave nothing');
  const values = tensor.dataSync<'float32'>().slice();
  tensor.dispose();
  return values;
}
