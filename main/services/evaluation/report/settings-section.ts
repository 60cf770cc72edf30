/** @file The settings of the runs: what all share once, what differs in a table; hashes that name configuration and weights. */
import { formatDuration } from '../../../../shared/domain/numbers.ts';
import { averageInWords } from '../../../../shared/domain/recipe.ts';
import { precisionWords } from '../../../../shared/domain/steps-taken.ts';
import { METHOD_WORDS, MODEL_WORDS } from '../wording.ts';
import type { Captions } from './captions.ts';
import { dataTable } from './data-table.ts';
import { RUN_COLUMNS, runColumns } from './findings-section.ts';
import { html, type Html } from './html.ts';
import type { ReportRun, ReportSplit } from './report-data.ts';

const ENGINE_WORDS = { graph: 'one compiled graph', eager: 'one operation after another' } as const;

type Setting = readonly [name: string, value: (run: ReportRun) => string];

const distils = ({ config }: ReportRun): boolean => config.teacherRunId !== null;

function kdLoss({ config: { loss, method } }: ReportRun): string {
  const logits = loss.kdLoss === 'mse' ? 'MSE of logits' : `binary KL at temperature ${loss.temperature}`;
  return method === 'vanilla' || loss.gamma === 0
    ? logits
    : `${logits}; feature MSE over ${loss.tokens} tokens`;
}

const SETTINGS: readonly Setting[] = [
  ['Method', ({ config }) => METHOD_WORDS[config.method]],
  ['Model', ({ config }) => `${MODEL_WORDS[config.model]}, patch 16, input 224 px`],
  ['Resolution', ({ config }) => `${config.resolution} px`],
  ['Teacher', (run) => run.teacher ?? 'none'],
  ['Seed', ({ config }) => String(config.seed)],
  [
    'Start weights',
    ({ config }) => (config.initSha256 === null ? 'random' : `SHA-256 ${config.initSha256.slice(0, 16)}…`),
  ],
  ['Preset', ({ config }) => config.recipe.preset],
  [
    'Epochs',
    ({ config, history, bestEpoch }) =>
      `${history.length} of ${config.recipe.epochs}${bestEpoch === null ? '' : `, best ${bestEpoch + 1}`}`,
  ],
  ['Batch', ({ config: { recipe } }) => `${recipe.batch} (steps of ${recipe.microBatch})`],
  [
    'Optimiser',
    ({ config: { recipe } }) =>
      `AdamW, rate ${recipe.learningRate}, ${recipe.warmupEpochs} warm-up epochs, cosine to 0, weight decay ${recipe.weightDecay}`,
  ],
  [
    'Gradient clip',
    ({ config: { recipe } }) => (recipe.clipNorm === null ? 'off' : `norm ${recipe.clipNorm}`),
  ],
  ['Weight average', ({ config: { recipe } }) => averageInWords(recipe) ?? 'off'],
  ['Precision', ({ config: { recipe }, steps }) => precisionWords(recipe.precision, steps)],
  ['Steps', ({ steps }) => (steps === null ? 'not recorded' : ENGINE_WORDS[steps.engine])],
  [
    'Augmentation',
    ({ config: { recipe } }) =>
      recipe.augment ? `mild affine and brightness, ${recipe.views} views` : 'off',
  ],
  [
    'Early stop',
    ({ config: { recipe } }) =>
      recipe.patience === null ? 'off' : `after ${recipe.patience} epochs without gain`,
  ],
  [
    'Distillation weights',
    (run) => {
      const { alpha, beta, gamma } = run.config.loss;
      return distils(run) ? `α ${alpha}, β ${beta}, γ ${gamma}` : 'none';
    },
  ],
  ['Distillation loss', (run) => (distils(run) ? kdLoss(run) : 'none')],
  ['T2 head', ({ config }) => (config.t2Units === 1 ? '1 unit' : '2 units')],
  [
    'Grey values',
    ({ config: { normalisation } }) =>
      `mean ${normalisation.mean.join(', ')}; sd ${normalisation.std.join(', ')}`,
  ],
  ['Pixel pipeline', ({ config }) => config.preprocessing],
  ['Labels', ({ learned }) => learned],
  ['Suitability gate', ({ suitability }) => suitability],
  ['Findings trained', ({ config }) => config.findings.join(', ')],
  ['Device', ({ device }) => device ?? 'not recorded'],
  ['Time', ({ seconds }) => formatDuration(seconds)],
];

/** A setting that every run has alike, as one line. */
export function settingsSection(
  runs: readonly ReportRun[],
  splits: readonly ReportSplit[],
  captions: Captions,
): Html {
  const splitName = (run: ReportRun): string =>
    splits.find(({ id }) => id === run.config.splitId)?.name ?? '';
  const all: readonly Setting[] = [...SETTINGS, ['Split', splitName]];
  const isCommon = ([, value]: Setting): boolean => new Set(runs.map(value)).size === 1;
  const [first] = runs;
  const common = all
    .filter(isCommon)
    .flatMap(([name, value]) => (first === undefined ? [] : [[name, value(first)]]));
  const differing = all.filter((setting) => !isCommon(setting));
  return html`<h2>Settings</h2>
    ${runs.length > 1 && html`<p>All runs share:</p>`}
    <dl class="common">
      ${common.map(
        ([name, value]) =>
          html`<dt>${name ?? ''}</dt>
            <dd>${value ?? ''}</dd>`,
      )}
    </dl>
    ${differing.length > 0 && differingTable(runs, differing, captions)} ${hashTable(runs, captions)}`;
}

/** Told by a run's label. */
const IN_LABEL: readonly string[] = ['Method', 'Model', 'Resolution', 'Seed'];

/** One column a run where they fit, else one row a run. */
function differingTable(runs: readonly ReportRun[], settings: readonly Setting[], captions: Captions): Html {
  if (runs.length <= RUN_COLUMNS) {
    const rows = settings.map(
      ([name, value]) =>
        html`<tr>
          <th scope="row">${name}</th>
          ${runs.map((run) => html`<td>${value(run)}</td>`)}
        </tr>`,
    );
    return dataTable(captions.table('Settings that differ.'), [{ head: '' }, ...runColumns(runs)], rows);
  }
  const shown = settings.filter(([name]) => !IN_LABEL.includes(name));
  if (shown.length === 0) return html``;
  const rows = runs.map(
    (run) =>
      html`<tr>
        <th scope="row">${run.label}</th>
        ${shown.map(([, value]) => html`<td>${value(run)}</td>`)}
      </tr>`,
  );
  const columns = [{ head: 'Run' }, ...shown.map(([head]) => ({ head }))];
  return dataTable(captions.table('Settings that differ.'), columns, rows, true);
}

function hashTable(runs: readonly ReportRun[], captions: Captions): Html {
  const rows = runs.map(
    ({ label, name, id, configHash, weightsSha256 }) =>
      html`<tr>
        <th scope="row">${label}</th>
        <td>${name}<br /><code class="muted">${id}</code></td>
        <td>
          <code class="hash">${configHash}</code><br /><code class="hash"
            >${weightsSha256 ?? 'no weights on record'}</code
          >
        </td>
      </tr>`,
  );
  const caption = captions.table(
    'What was run.',
    'SHA-256 of each run’s whole configuration and of its weights.',
  );
  return dataTable(
    caption,
    ['Run', 'Name', 'Configuration, then weights'].map((head) => ({ head })),
    rows,
    true,
  );
}
