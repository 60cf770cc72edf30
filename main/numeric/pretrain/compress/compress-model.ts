/**
 * @file A smaller ViT that repeats a larger one on given films, without gradients. The residual stream is reduced to its strongest
 * directions (Ashkboos et al. 2024, SliceGPT), one set for all blocks so that the result is a plain ViT; then block by block the
 * smaller model's matrices are fitted by least squares to what the larger one does there, from what the smaller one has
 * made of the film so far (Luo et al. 2017, ThiNet), so that a block makes good what those before it lost.
 */
import * as tf from '@tensorflow/tfjs-core';

import { tokenCount, type VitConfig } from '../../vit/config.ts';
import { embedPatches, patchPixels, type Normalisation } from '../../vit/forward.ts';
import { layerNorm, linear } from '../../vit/layers.ts';
import { disposeParameters, loadParameters, lookup, type Weights } from '../../vit/parameters.ts';
import { activated, attend, attentionInside, mlpInside, type LargerModel } from './larger-model.ts';
import { Moments, range, type LinearFit } from './moments.ts';
import { Spread, toSmaller } from './principal-directions.ts';
import { Portions, Stream } from './stream.ts';
import { UnitActivity } from './unit-activity.ts';

/** Films to fit to, from memory. */
export interface FilmSource {
  readonly count: number;
  /** Grey films [count · S²], 0..1. */
  images(first: number, count: number): Float32Array;
}

/** The class token, which the heads read, counts as many patches as this. */
const CLASS_TOKEN_WEIGHT = 50;

/** What is known after some blocks: enough to go on from, to the same bit. */
export interface Fitted {
  /** From the larger model's channels to the smaller one's, [D, d]. */
  readonly reduce: Float32Array;
  /** Of the stem and the first `blocks` blocks. */
  readonly weights: ReadonlyMap<string, Float32Array>;
  readonly blocks: number;
}

export interface CompressOptions {
  /** Where to go on; null = the start. */
  readonly from: Fitted | null;
  /** Awaited every few films; may throw to stop. */
  readonly between: (done: number, total: number) => Promise<void>;
  /** Awaited after each block. */
  readonly onBlock: (fitted: Fitted) => Promise<void>;
}

interface Fitting {
  readonly model: LargerModel;
  readonly smaller: VitConfig;
  /** Square roots of the tokens' weights, [N]. */
  readonly roots: Float32Array;
  /** [D, d]. */
  readonly reduce: tf.Tensor2D;
  /** Residual streams of both models. */
  readonly large: Stream;
  readonly small: Stream;
  readonly portions: Portions;
}

/** Passes over the films: to find the directions, to begin, and for each block. */
const BLOCK_PASSES = 5;
const directionPasses = (depth: number): number => 2 + depth;

/**
 * Weights of `smaller`, all but its heads, by the names of `parameterSpecs`. Both models have the same depth, patches and
 * image size. Takes two passes of the larger model over the films and keeps both residual streams in memory.
 */
export async function compressModel(
  larger: { readonly weights: Weights; readonly config: VitConfig; readonly normalisation: Normalisation },
  smaller: VitConfig,
  films: FilmSource,
  { from, between, onBlock }: CompressOptions,
): Promise<Map<string, Float32Array>> {
  const { config } = larger;
  const { depth } = config;
  const passes = directionPasses(depth) + 2 + BLOCK_PASSES * depth;
  const portions = new Portions(films.count, passes, between);
  const model = { config, parameters: loadParameters(larger.weights, config) };
  const tokens = tokenCount(config);
  const roots = Float32Array.from({ length: tokens }, (_, token) =>
    token === 0 ? Math.sqrt(CLASS_TOKEN_WEIGHT) : 1,
  );
  const large = new Stream(films.count, tokens, config.width);
  const fill = () =>
    portions.each((first, count) => {
      large.write(first, embedding(model, larger.normalisation, films.images(first, count), count));
    });
  let reduce: tf.Tensor2D | null = null;
  try {
    let directions = from?.reduce;
    if (directions === undefined) {
      await fill();
      directions = toSmaller(await spreadOf(model, large, roots, portions), smaller.width);
    } else {
      portions.skip(directionPasses(depth));
    }
    reduce = tf.tensor2d(directions, [config.width, smaller.width]);
    const small = new Stream(films.count, tokens, smaller.width);
    const fitting = { model, smaller, roots, reduce, large, small, portions };
    await fill();
    await portions.each((first, count) => small.write(first, goalOf(fitting, large.read(first, count))));
    const weights = from === null ? stem(fitting) : new Map(from.weights);
    for (let block = 0; block < depth; block += 1) {
      if (block < (from?.blocks ?? 0)) {
        await repeatBlock(fitting, block, weights);
      } else {
        await fitBlock(fitting, block, weights);
        await onBlock({ reduce: directions, weights, blocks: block + 1 });
      }
    }
    setNorm(weights, 'norm', smaller.width);
    return weights;
  } finally {
    reduce?.dispose();
    disposeParameters(model.parameters);
  }
}

/** Class token, patches, positions: [count · N, D]. */
function embedding(
  { config, parameters }: LargerModel,
  normalisation: Normalisation,
  images: Float32Array,
  count: number,
): tf.Tensor {
  const { imageSize, width } = config;
  const tokens = tokenCount(config);
  const grey = tf.tensor4d(images, [count, imageSize, imageSize, 1]);
  const patches = embedPatches(patchPixels(grey, config), parameters, config, normalisation);
  const cls = tf.tile(lookup(parameters, 'cls'), [count, 1, 1]);
  const all = tf.concat([cls, tf.reshape(patches, [count, tokens - 1, width])], 1);
  return tf.reshape(tf.add(all, lookup(parameters, 'positions')), [count * tokens, width]);
}

const rootsOf = (roots: Float32Array, films: number): tf.Tensor =>
  tf.tile(tf.tensor2d(roots, [roots.length, 1]), [films, 1]);

/** Runs the larger model over its stream; the spread of all 2 · depth + 1 places, summed. */
async function spreadOf(model: LargerModel, large: Stream, roots: Float32Array, portions: Portions) {
  const start = new Spread(large);
  await portions.each((first, count) => {
    start.add(large.read(first, count), rootsOf(roots, count));
  });
  const sum = start.matrix();
  for (let block = 0; block < model.config.depth; block += 1) {
    const [middle, end] = [new Spread(large), new Spread(large)];
    await portions.each((first, count) => {
      const weights = rootsOf(roots, count);
      const attention = attentionInside(model, block, large.read(first, count), count).after;
      const { after } = mlpInside(model, block, attention);
      middle.add(attention, weights);
      end.add(after, weights);
      large.write(first, after);
    });
    sum.add(middle.matrix()).add(end.matrix());
  }
  return sum;
}

/** What the smaller stream should be where the larger one is `rows`. */
const goalOf = (fitting: Fitting, rows: tf.Tensor): tf.Tensor => tf.matMul(rows, fitting.reduce);

/** Layer norm with scale 1 and bias 0: both are in the matrix that comes next. */
function unit({ smaller }: Fitting, rows: tf.Tensor): tf.Tensor {
  return layerNorm(rows, tf.scalar(1), tf.scalar(0), smaller.layerNormEpsilon).value;
}

/** The embedding is linear: its parameters are reduced as its output is. */
function stem({ model, reduce }: Fitting): Map<string, Float32Array> {
  const names = ['cls', 'positions', 'patch.kernel', 'patch.bias'];
  return new Map(
    names.map((name) => {
      const rows = tf.tidy(() => {
        const all = tf.reshape<tf.Rank.R2>(lookup(model.parameters, name), [-1, model.config.width]);
        return tf.matMul(all, reduce).dataSync();
      });
      return [name, rows as Float32Array];
    }),
  );
}

/** x · kernel + bias. */
function apply(x: tf.Tensor, { kernel, bias }: LinearFit): tf.Tensor {
  const outputs = bias.length;
  return linear(x, tf.tensor2d(kernel, [kernel.length / outputs, outputs]), tf.tensor1d(bias));
}

async function fitBlock(fitting: Fitting, block: number, weights: Map<string, Float32Array>): Promise<void> {
  const at = `blocks.${block}`;
  setNorm(weights, `${at}.norm1`, fitting.smaller.width);
  setNorm(weights, `${at}.norm2`, fitting.smaller.width);
  const set = (name: string, { kernel, bias }: LinearFit): void => {
    weights.set(`${at}.${name}.kernel`, kernel);
    weights.set(`${at}.${name}.bias`, bias);
  };
  const qkv = await fitQueriesKeysValues(fitting, block);
  set('qkv', qkv);
  const proj = await fitAttentionOutput(fitting, qkv);
  set('proj', proj);
  const fc1 = await fitHiddenUnits(fitting, block, qkv, proj);
  set('fc1', fc1);
  set('fc2', await fitMlpOutput(fitting, fc1));
}

/** Both models through a block that is fitted already. */
async function repeatBlock(fitting: Fitting, block: number, weights: Weights): Promise<void> {
  const { model, large, small, portions } = fitting;
  const fit = (name: string): LinearFit => {
    const [kernel, bias] = ['kernel', 'bias'].map((part) => weights.get(`blocks.${block}.${name}.${part}`));
    if (kernel === undefined || bias === undefined) throw new RangeError(`block ${block} is not fitted`);
    return { kernel, bias };
  };
  const [qkv, proj, fc1, fc2] = [fit('qkv'), fit('proj'), fit('fc1'), fit('fc2')];
  portions.skip(BLOCK_PASSES - 1);
  await portions.each((first, count) => {
    const { after } = attentionInside(model, block, large.read(first, count), count);
    large.write(first, mlpInside(model, block, after).after);
    small.write(
      first,
      tf.add(small.read(first, count), apply(ownAttention(fitting, first, count, qkv), proj)),
    );
    endBlock(fitting, first, count, fc1, fc2);
  });
}

function setNorm(weights: Map<string, Float32Array>, name: string, width: number): void {
  weights.set(`${name}.scale`, new Float32Array(width).fill(1));
  weights.set(`${name}.bias`, new Float32Array(width));
}

/** Runs the larger model's attention half; chooses heads and fits queries, keys and values to theirs. */
async function fitQueriesKeysValues(fitting: Fitting, block: number): Promise<LinearFit> {
  const { model, smaller, roots, large, small, portions } = fitting;
  const { width, heads } = model.config;
  const parts = new Moments(smaller.width, 3 * width);
  const outputs = new Moments(width, smaller.width);
  await portions.each((first, count) => {
    const before = large.read(first, count);
    const { qkv, merged, after } = attentionInside(model, block, before, count);
    const weights = rootsOf(roots, count);
    parts.add(unit(fitting, small.read(first, count)), qkv, weights);
    outputs.add(merged, goalOf(fitting, tf.sub(after, before)), weights);
    large.write(first, after);
  });
  const kept = keptHeads(outputs, heads, smaller.heads, width / heads);
  return parts.fit(
    undefined,
    Int32Array.from([0, 1, 2].flatMap((part) => [...kept].map((column) => part * width + column))),
  );
}

/** Channels of the heads without which most would be lost: heads are left out one by one, the least missed first. */
function keptHeads(outputs: Moments, heads: number, wanted: number, size: number): Int32Array {
  const channels = (chosen: readonly number[]): Int32Array =>
    Int32Array.from(chosen.flatMap((head) => [...range(size)].map((at) => head * size + at)));
  let kept = [...range(heads)];
  while (kept.length > wanted) {
    const costs = outputs.costs(
      channels(kept),
      kept.map((_, at) => channels([at])),
    );
    const least = costs.indexOf(Math.min(...costs));
    kept = kept.filter((_, at) => at !== least);
  }
  return channels(kept);
}

/** Attention of the smaller model, from its own queries, keys and values. */
function ownAttention(fitting: Fitting, first: number, count: number, qkv: LinearFit): tf.Tensor {
  const rows = unit(fitting, fitting.small.read(first, count));
  return attend(apply(rows, qkv), count, fitting.smaller.heads);
}

async function fitAttentionOutput(fitting: Fitting, qkv: LinearFit): Promise<LinearFit> {
  const { smaller, roots, large, small, portions } = fitting;
  const moments = new Moments(smaller.width, smaller.width);
  await portions.each((first, count) => {
    const missing = tf.sub(goalOf(fitting, large.read(first, count)), small.read(first, count));
    moments.add(ownAttention(fitting, first, count, qkv), missing, rootsOf(roots, count));
  });
  return moments.fit();
}

/** Ends the smaller model's attention half; runs the larger model's MLP half, chooses hidden units and fits to them. */
async function fitHiddenUnits(
  fitting: Fitting,
  block: number,
  qkv: LinearFit,
  proj: LinearFit,
): Promise<LinearFit> {
  const { model, smaller, roots, large, small, portions } = fitting;
  const hidden = model.config.width * model.config.mlpRatio;
  const moments = new Moments(smaller.width, hidden);
  const activity = new UnitActivity(roots, hidden);
  await portions.each((first, count) => {
    const attention = apply(ownAttention(fitting, first, count, qkv), proj);
    const own = tf.add(small.read(first, count), attention);
    small.write(first, own);
    const { before, active, after } = mlpInside(model, block, large.read(first, count));
    moments.add(unit(fitting, own), before, rootsOf(roots, count));
    activity.add(active);
    large.write(first, after);
  });
  const reach = tf.tidy(() => {
    const outputs = goalOf(fitting, lookup(model.parameters, `blocks.${block}.fc2.kernel`));
    return tf.norm(outputs, 2, 1).dataSync();
  });
  return moments.fit(undefined, activity.strongest(smaller.width * smaller.mlpRatio, reach));
}

/** The smaller model's hidden units after GELU, [count · N, 4d]. */
function ownUnits(fitting: Fitting, first: number, count: number, fc1: LinearFit): tf.Tensor {
  return activated(apply(unit(fitting, fitting.small.read(first, count)), fc1));
}

function endBlock(fitting: Fitting, first: number, count: number, fc1: LinearFit, fc2: LinearFit): void {
  const { small } = fitting;
  small.write(first, tf.add(small.read(first, count), apply(ownUnits(fitting, first, count, fc1), fc2)));
}

/** Fits the MLP's output and ends the smaller model's block. */
async function fitMlpOutput(fitting: Fitting, fc1: LinearFit): Promise<LinearFit> {
  const { smaller, roots, large, small, portions } = fitting;
  const moments = new Moments(smaller.width * smaller.mlpRatio, smaller.width);
  await portions.each((first, count) => {
    const missing = tf.sub(goalOf(fitting, large.read(first, count)), small.read(first, count));
    moments.add(ownUnits(fitting, first, count, fc1), missing, rootsOf(roots, count));
  });
  const fc2 = moments.fit();
  await portions.each((first, count) => endBlock(fitting, first, count, fc1, fc2));
  return fc2;
}
