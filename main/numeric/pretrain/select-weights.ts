/**
 * @file Start weights of a smaller ViT picked from a larger one (Xu et al. 2024, "Initializing Models with Larger Ones"):
 * uniform selection of blocks, channels, heads and hidden units, every number as it was.
 */
import { parameterSpecs, type VitConfig } from '../vit/config.ts';
import type { Weights } from '../vit/parameters.ts';
import { WeightsError } from '../weights/weights-error.ts';

/** `count` of 0 … from − 1 at even distances, beginning with 0. */
function evenly(from: number, count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, index) => Math.floor((index * from) / count));
}

/** Which entries of a dimension of length `from` are kept. */
interface Selection {
  readonly from: number;
  readonly kept: Int32Array;
}

const all = (length: number): Selection => ({ from: length, kept: evenly(length, length) });

/** The dimensions of a smaller model inside a larger one. */
function selections(larger: VitConfig, smaller: VitConfig) {
  const size = larger.width / larger.heads;
  const heads = evenly(larger.heads, smaller.heads);
  const channels = Int32Array.from(
    { length: smaller.width },
    (_, index) => (heads[Math.floor(index / size)] ?? 0) * size + (index % size),
  );
  const fused = [0, 1, 2].flatMap((part) => Array.from(channels, (channel) => part * larger.width + channel));
  return {
    blocks: evenly(larger.depth, smaller.depth),
    width: { from: larger.width, kept: evenly(larger.width, smaller.width) },
    hidden: {
      from: larger.width * larger.mlpRatio,
      kept: evenly(larger.width * larger.mlpRatio, smaller.width * smaller.mlpRatio),
    },
    /** Channels of whole heads: what attends in the larger model attends in the smaller one. */
    mixed: { from: larger.width, kept: channels },
    qkv: { from: 3 * larger.width, kept: Int32Array.from(fused) },
  };
}

/** Rows and columns of a parameter of the larger model that the smaller one takes. */
function sidesOf(
  name: string,
  shape: readonly number[],
  kept: ReturnType<typeof selections>,
): [Selection, Selection] {
  const leaf = name.split('.').slice(-2).join('.');
  const { width, hidden, mixed, qkv } = kept;
  switch (leaf) {
    case 'qkv.kernel':
      return [width, qkv];
    case 'qkv.bias':
      return [all(1), qkv];
    case 'proj.kernel':
      return [mixed, width];
    case 'fc1.kernel':
      return [width, hidden];
    case 'fc1.bias':
      return [all(1), hidden];
    case 'fc2.kernel':
      return [hidden, width];
    default:
      // Rows of positions and of the patch kernel are places and pixels, which both models share.
      return [all(shape.slice(0, -1).reduce((product, length) => product * length, 1)), width];
  }
}

/** @throws WeightsError `shape` naming why `smaller` cannot be picked from `larger` */
export function refuseUnlessInside(larger: VitConfig, smaller: VitConfig): void {
  const differs = [
    larger.width < smaller.width && `its width ${larger.width} is below ${smaller.width}`,
    larger.depth < smaller.depth && `it has ${larger.depth} blocks, fewer than ${smaller.depth}`,
    larger.width / larger.heads !== smaller.width / smaller.heads && 'its heads have another width',
    larger.mlpRatio !== smaller.mlpRatio && 'its MLP has another ratio',
    larger.patch !== smaller.patch && `its patches have ${larger.patch} pixels, not ${smaller.patch}`,
    larger.imageSize !== smaller.imageSize && 'it is for films of another size',
  ].filter((one) => one !== false);
  if (differs.length === 0) return;
  throw new WeightsError(
    'shape',
    `A ViT-${smaller.variant} cannot be picked from this ViT-${larger.variant}: ${differs.join('; ')}.`,
  );
}

/**
 * The body of a smaller model out of a larger one's `weights`: all parameters but the heads. @throws WeightsError `shape`
 */
export function selectWeights(
  weights: Weights,
  larger: VitConfig,
  smaller: VitConfig,
): Map<string, Float32Array> {
  refuseUnlessInside(larger, smaller);
  const kept = selections(larger, smaller);
  const picked = new Map<string, Float32Array>();
  for (const { name, shape, size } of parameterSpecs(smaller)) {
    if (name.startsWith('t1.') || name.startsWith('t2.')) continue;
    const source = name.replace(
      /^blocks\.(\d+)/,
      (_, block: string) => `blocks.${kept.blocks[Number(block)] ?? 0}`,
    );
    const values = weights.get(source);
    if (values === undefined)
      throw new WeightsError('missing-tensor', `The weights lack ${source}.`, [source]);
    const [rows, columns] = sidesOf(name, shape, kept);
    const out = new Float32Array(size);
    let at = 0;
    for (const row of rows.kept) {
      for (const column of columns.kept) {
        out[at] = values[row * columns.from + column] ?? 0;
        at += 1;
      }
    }
    picked.set(name, out);
  }
  return picked;
}
