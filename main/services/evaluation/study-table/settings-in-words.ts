/** @file What distinguishes two runs of one method, in words: loss and input settings against the paper's, recipe, start. */
import type { RunConfig } from '../../../../shared/contract/training.ts';
import { averageInWords, PAPER_INPUT, PAPER_LOSS } from '../../../../shared/domain/recipe.ts';
import { precisionWords, type StepsTaken } from '../../../../shared/domain/steps-taken.ts';

/** How a film is made small, where it is not by area averages. */
const REDUCER_WORDS = { area: 'area', bilinear: 'plain bilinear', nearest: 'every n-th pixel' } as const;
const TOKEN_WORDS = { all: 'all tokens', cls: 'class token', patches: 'patch tokens' } as const;

/** Every setting of the loss and the input that matters to the method and is not the paper's. */
export function unlikePaper({ method, loss, input, resolution }: RunConfig): readonly string[] {
  const taught = method !== 'teacher' && method !== 'none';
  const features = taught && method !== 'vanilla';
  const weight = (sign: string, own: number, paper: number): string | false =>
    own !== paper && `${sign} ${own}`;
  const said = [
    taught &&
      loss.kdLoss === 'hinton' &&
      loss.temperature !== PAPER_LOSS.temperature &&
      `T ${loss.temperature}`,
    features && loss.kdLoss === 'hinton' && 'Hinton',
    taught && weight('α', loss.alpha, PAPER_LOSS.alpha),
    taught && weight('β', loss.beta, PAPER_LOSS.beta),
    features && weight('γ', loss.gamma, PAPER_LOSS.gamma),
    features && loss.tokens !== PAPER_LOSS.tokens && TOKEN_WORDS[loss.tokens],
    features && loss.featurePoint !== PAPER_LOSS.featurePoint && 'features behind attention',
    features && loss.normaliseFeatures && 'normalised features',
    resolution < 224 && input.tokens !== PAPER_INPUT.tokens && `${input.tokens} tokens`,
    resolution < 224 && input.reduce !== PAPER_INPUT.reduce && `made small by ${REDUCER_WORDS[input.reduce]}`,
    resolution < 224 &&
      input.tokens === 'upsampled' &&
      input.upsample !== PAPER_INPUT.upsample &&
      input.upsample,
  ];
  return said.filter((text) => text !== false);
}

/** Everything else that a run's figures depend on beside seed and teacher, by name; `steps` = as what it ran, null = as asked. */
export function otherSettings({
  config,
  steps = null,
}: {
  readonly config: RunConfig;
  readonly steps?: StepsTaken | null;
}): ReadonlyMap<string, string> {
  const { recipe, findings, initSha256, t2Units, positiveWeights, normalisation, preprocessing } = config;
  const { labelRule, labelVersionId } = config;
  const { patience, clipNorm } = recipe;
  return new Map([
    ['preset', recipe.preset],
    ['epochs', `${recipe.epochs} epochs`],
    ['batch', `batch ${recipe.batch}`],
    ['rate', `rate ${recipe.learningRate}`],
    ['warm-up', `${recipe.warmupEpochs} warm-up epochs`],
    ['decay', `weight decay ${recipe.weightDecay}`],
    ['clip', clipNorm === null ? 'no clipping' : `clip ${clipNorm}`],
    ['precision', precisionWords(recipe.precision, steps && { ...steps, why: null })],
    ['average', averageInWords(recipe) ?? 'no average'],
    ['augment', recipe.augment ? `augmented, ${recipe.views} views` : 'not augmented'],
    ['stop', patience === null ? 'no early stop' : `early stop ${patience}`],
    ['start', initSha256 === null ? 'random start' : `start ${initSha256.slice(0, 8)}`],
    ['head', `${t2Units} T2 units`],
    ['weights', positiveWeights === null ? 'no class weights' : 'class weights'],
    ['labels', labelVersionId === null ? 'labels as imported' : `labels of ${labelVersionId}`],
    ['label rule', `where readers differ: ${labelRule}`],
    ['findings', `${findings.length} findings: ${findings.join(', ')}`],
    ['grey', `grey ${normalisation.mean.join(' ')} / ${normalisation.std.join(' ')}`],
    ['pipeline', preprocessing],
  ]);
}
