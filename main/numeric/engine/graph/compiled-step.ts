/**
 * @file A training step as one TensorFlow graph, recorded from the same functions that the eager step calls. Weights, moments,
 * average and the sum of gradients are variables of its session; a step hands over a batch and a few numbers.
 */
import * as tf from '@tensorflow/tfjs-core';

import type { Precision } from '../../../../shared/domain/recipe.ts';
import { ADAMW_DEFAULTS, clipFactor, gradientNorm, unstackRates } from '../../optim/adamw.ts';
import type { StateKeeper, StateKind, TrainState } from '../../train/train-state.ts';
import type { OptimiserSettings, StepWork } from '../../train/train-step.ts';
import { fusedAdamw, type GroupVariables } from './fused-adamw.ts';
import { HALVES, inHalfPrecision, LOSS_SCALE } from './mixed-precision.ts';
import { Program } from './program.ts';
import type { DataType, GraphNode } from './recorded-graph.ts';
import { record, type NativeBackend } from './recorder.ts';
import { after, constant, placeholder, Variable } from './variables.ts';

/** What does not change from step to step. */
export interface CompiledSettings<Fed> {
  readonly work: Pick<StepWork<never, Fed>, 'named' | 'gradients'>;
  readonly optimiser: Omit<OptimiserSettings, 'learningRate'>;
  /** What the matrix products of the gradients are computed in. */
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
const EMPTIED = 'gradients/emptied';
const RATES = 'rates';
const LOSS_SCALE_FED = 'loss-scale';

/** Where the values of a state are kept: one variable a parameter group. */
interface Variables extends Readonly<Record<StateKind | 'gradients', readonly Variable[]>> {
  /** One a group; groups of the same make share theirs. */
  readonly masks: readonly Variable[];
}

function variablesOf(state: TrainState): Variables {
  const of = (kind: StateKind): Variable[] =>
    state.groups.map(({ size }, at) => new Variable(`state/${kind}/${at}`, [size]));
  const masks = [...new Set(state.decayMasks)];
  const maskVariables = masks.map(({ shape }, at) => new Variable(`state/mask/${at}`, shape));
  return {
    parameters: of('parameters'),
    m: of('m'),
    v: of('v'),
    ema: state.hasEma ? of('ema') : [],
    gradients: state.groups.map((_, at) => new Variable(`state/gradients/${at}`, null)),
    masks: state.decayMasks.map((mask) => found(maskVariables, masks.indexOf(mask))),
  };
}

function found<T>(list: readonly T[], at: number): T {
  const one = list[at];
  if (one === undefined) throw new Error(`there is no ${at} of ${list.length}`);
  return one;
}

/** What the recording of a micro-batch has computed, eagerly. */
export interface Recorded {
  readonly loss: number;
  /** Norm of its gradients, before clipping. */
  readonly gradNorm: number;
}

export class CompiledStep<Fed> implements StateKeeper {
  readonly #program: Program;
  readonly #variables: Variables;
  readonly #named: CompiledSettings<Fed>['work']['named'];
  /** Whether products are in float16, and the loss is scaled for it. */
  readonly scalesLoss: boolean;
  /** By films of a micro-batch. */
  readonly recorded: ReadonlyMap<number, Recorded>;

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
    this.#variables = variablesOf(state);
    this.scalesLoss = HALVES[precision] === 'float16';
    const recorded = new Map<number, Recorded>();
    this.recorded = recorded;
    const nodes = [
      ...[...this.#kept, ...this.#variables.gradients].flatMap((variable) => variable.nodes()),
      ...this.#assignNodes(),
      ...this.#emptyNodes(),
      ...(this.scalesLoss ? [placeholder(LOSS_SCALE_FED, [])] : []),
      ...batches.flatMap((batch) => {
        const { nodes: micro, eager } = this.#microNodes(backend, state, batch, work);
        recorded.set(batch.films, eager);
        const half = HALVES[precision];
        return half === null ? micro : inHalfPrecision(micro, microName(batch), half);
      }),
      ...this.#applyNodes(backend, state, optimiser),
    ];
    this.#program = new Program(backend, nodes);
    try {
      this.#assign(state);
    } catch (error) {
      this.#program.dispose(); // nobody else knows of it
      throw error;
    }
  }

  /** Everything that a state has a value for. */
  get #kept(): readonly Variable[] {
    const { parameters, m, v, ema, masks } = this.#variables;
    return [...parameters, ...m, ...v, ...ema, ...new Set(masks)];
  }

  /** Placeholders for every variable's value; one fetch assigns them all. */
  #assignNodes(): GraphNode[] {
    const all = this.#kept;
    const given = all.map((variable) => placeholder(`assign/${variable.name}`, variable.shape ?? []));
    const assigned = all.map((variable) =>
      variable.assign(`assigned/${variable.name}`, `assign/${variable.name}`),
    );
    return [...given, ...assigned, after(ASSIGNED, given[0]?.name ?? '', assigned)];
  }

  /** One fetch lets go of all gradients. */
  #emptyNodes(): GraphNode[] {
    const empty = constant('gradients/empty', [0], []);
    const emptied = this.#variables.gradients.map((one, group) =>
      one.assign(`gradients/emptied/${group}`, empty.name),
    );
    return [empty, ...emptied, after(EMPTIED, empty.name, emptied)];
  }

  #microNodes(
    backend: NativeBackend,
    state: TrainState,
    micro: Micro<Fed>,
    work: CompiledSettings<Fed>['work'],
  ): { readonly nodes: GraphNode[]; readonly eager: Recorded } {
    const parameters = state.tensors('parameters');
    const given = work.named(micro.fed);
    const lossScale = this.scalesLoss ? tf.scalar(1) : null;
    const at = microName(micro);
    const inputs = new Map<tf.Tensor, string>([
      ...parameters.map((tensor, group) => [tensor, found(this.#variables.parameters, group).read] as const),
      ...[...given].map(([name, tensor]) => [tensor, `${at}/${name}`] as const),
      ...(lossScale === null ? [] : [[lossScale, LOSS_SCALE_FED] as const]),
    ]);
    const eager = { loss: Number.NaN, gradNorm: Number.NaN };
    const { nodes, outputs } = record(backend, at, inputs, () => {
      const scaled = work.gradients(parameters, micro.fed, lossScale ?? undefined);
      const { measured } = scaled;
      const inverse = lossScale === null ? null : tf.div(1, lossScale);
      const gradients = scaled.gradients.map((one) => (inverse === null ? one : tf.mul(one, inverse)));
      eager.loss = measured.dataSync<'float32'>()[0] ?? Number.NaN;
      eager.gradNorm = gradientNorm(gradients).dataSync<'float32'>()[0] ?? Number.NaN;
      return {
        measured,
        ...Object.fromEntries(gradients.map((gradient, group) => [String(group), gradient])),
      };
    });
    const { gradients } = this.#variables;
    const gradient = (group: number): string => outputs[String(group)] ?? '';
    const begun = gradients.map((one, group) => one.assign(`${at}/begun/${group}`, gradient(group)));
    const added = gradients.map((one, group) => one.add(`${at}/added/${group}`, gradient(group)));
    const measured = outputs['measured'] ?? '';
    const all = [
      ...[...given].map(([name, tensor]) =>
        placeholder(`${at}/${name}`, tensor.shape, tensor.dtype as DataType),
      ),
      ...nodes,
      ...begun,
      ...added,
      after(`${at}/first`, measured, begun),
      after(`${at}/further`, measured, added),
    ];
    return { nodes: all, eager };
  }

  #applyNodes(
    backend: NativeBackend,
    state: TrainState,
    optimiser: CompiledSettings<Fed>['optimiser'],
  ): GraphNode[] {
    const [beta1, beta2] = optimiser.betas ?? [ADAMW_DEFAULTS.beta1, ADAMW_DEFAULTS.beta2];
    const epsilon = optimiser.epsilon ?? ADAMW_DEFAULTS.epsilon;
    const { weightDecay, clipNorm, emaDecay } = optimiser;
    const { parameters, m, v, ema, gradients, masks } = this.#variables;
    const examples = state.groups.map(() => tf.zeros([1]));
    const rates = tf.tensor1d([1, 1, 1, 1]);
    const inputs = new Map<tf.Tensor, string>([
      ...examples.map((tensor, at) => [tensor, found(gradients, at).read] as const),
      [rates, RATES],
    ]);
    const { nodes, outputs } = record(backend, 'apply', inputs, () => {
      const norm = gradientNorm(examples);
      const [stepSize, correction, decay, averaged] = unstackRates(rates);
      return {
        norm,
        rate: tf.div(stepSize, correction),
        epsilon: tf.div(epsilon, correction),
        ...(weightDecay === 0 ? {} : { decay }),
        ...(clipNorm === null ? {} : { clip: clipFactor(norm, clipNorm) }),
        ...(emaDecay === null ? {} : { averaged }),
      };
    });
    tf.dispose([...examples, rates]);
    const { norm = '', rate = '', epsilon: least = '', decay = null, clip = null, averaged = null } = outputs;
    const groups = state.groups.map((_, at): GroupVariables => ({
      parameters: found(parameters, at),
      m: found(m, at),
      v: found(v, at),
      ema: ema[at] ?? null,
      gradients: found(gradients, at),
      mask: found(masks, at),
    }));
    const scalars = { rate, epsilon: least, decay, clip, averaged };
    const update = fusedAdamw('apply', groups, scalars, { beta1, beta2 });
    return [
      placeholder(RATES, [4]),
      ...nodes,
      ...update.nodes,
      after(NORM, norm, []),
      after(APPLIED, norm, [update.last]),
    ];
  }

  /** Takes over the values of `state`. */
  #assign(state: TrainState): void {
    const { masks, parameters, m, v, ema } = this.#variables;
    const values = new Map<Variable, tf.Tensor>();
    const of = (variables: readonly Variable[], tensors: readonly tf.Tensor[]): void =>
      variables.forEach((variable, at) => values.set(variable, found(tensors, at)));
    of(parameters, state.tensors('parameters'));
    of(m, state.tensors('m'));
    of(v, state.tensors('v'));
    of(ema, state.tensors('ema'));
    of(masks, state.decayMasks);
    const inputs = new Map([...values].map(([{ name }, tensor]) => [`assign/${name}`, tensor]));
    tf.dispose(this.#program.run(inputs, [ASSIGNED]));
  }

  /**
   * The gradients of one micro-batch; they are added to those of the others of its step unless it is the `first`.
   * [1 + terms]: the loss, then each term unweighted. `lossScale` is used where products are in float16. Call inside `tf.tidy`.
   */
  micro(micro: Micro<Fed>, first: boolean, lossScale: number = LOSS_SCALE): Float32Array {
    const at = microName(micro);
    const inputs = new Map([...this.#named(micro.fed)].map(([name, tensor]) => [`${at}/${name}`, tensor]));
    if (this.scalesLoss) inputs.set(LOSS_SCALE_FED, tf.scalar(lossScale));
    return read(this.#program.run(inputs, [`${at}/${first ? 'first' : 'further'}`]));
  }

  /** Norm of the gradients added so far, before clipping. */
  gradientNorm(): number {
    return read(this.#program.run(new Map(), [NORM]))[0] ?? Number.NaN;
  }

  /** Lets go of gradients that no update will use: they would be held until those of the next micro-batch are known. */
  emptyGradients(): void {
    tf.dispose(this.#program.run(new Map(), [EMPTIED]));
  }

  /** Clips and updates the weights; the gradients are gone. `rates` are the `stepRates` of the step. */
  apply(rates: Float32Array): void {
    tf.tidy(() => {
      this.#program.run(new Map([[RATES, tf.tensor1d(rates)]]), [APPLIED]);
    });
  }

  values(kind: StateKind, group: number): Float32Array {
    return read(this.#program.run(new Map(), [found(this.#variables[kind], group).read]));
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
