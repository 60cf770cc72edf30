/** @file The vocabulary of findings: VinDr-CXR names, aliases that files use, and fixed colours per finding. */

/** VinDr-CXR 1.0.0 local labels, in the order of its files. */
export const VINDR_LOCAL = [
  'Aortic enlargement',
  'Atelectasis',
  'Calcification',
  'Cardiomegaly',
  'Clavicle fracture',
  'Consolidation',
  'Edema',
  'Emphysema',
  'Enlarged PA',
  'ILD',
  'Infiltration',
  'Lung Opacity',
  'Lung cavity',
  'Lung cyst',
  'Mediastinal shift',
  'Nodule/Mass',
  'Pleural effusion',
  'Pleural thickening',
  'Pneumothorax',
  'Pulmonary fibrosis',
  'Rib fracture',
  'Other lesion',
] as const;

/** VinDr-CXR 1.0.0 global labels. "No finding" is task T2 and never a T1 output. */
export const VINDR_GLOBAL = [
  'COPD',
  'Lung tumor',
  'Pneumonia',
  'Tuberculosis',
  'Other diseases',
  'No finding',
] as const;

export const NO_FINDING = 'No finding';

/** Findings of NIH ChestX-ray14 and others that have no VinDr name. */
export const OTHER_KNOWN = ['Hernia', 'COVID-19'] as const;

/** The local labels of the VinBigData competition (Kaggle 2020), and those that the paper names beside "No finding". */
export const KAGGLE_LOCAL = [
  'Aortic enlargement',
  'Atelectasis',
  'Calcification',
  'Cardiomegaly',
  'Consolidation',
  'ILD',
  'Infiltration',
  'Lung Opacity',
  'Nodule/Mass',
  'Other lesion',
  'Pleural effusion',
  'Pleural thickening',
  'Pneumothorax',
  'Pulmonary fibrosis',
] as const satisfies readonly (typeof VINDR_LOCAL)[number][];

/** Named sets of T1 outputs. `own`: whatever the library's labels allow. */
export const LABEL_SETS = ['own', 'vindr-22', 'kaggle-14', 'paper-15', 'all-28'] as const;
export type LabelSet = (typeof LABEL_SETS)[number];

const SETS: Readonly<Record<Exclude<LabelSet, 'own'>, readonly string[]>> = {
  'vindr-22': VINDR_LOCAL,
  'kaggle-14': KAGGLE_LOCAL,
  'paper-15': [...KAGGLE_LOCAL, NO_FINDING],
  'all-28': [...VINDR_LOCAL, ...VINDR_GLOBAL],
};

/**
 * The findings of a set, in its own order. `own` takes every one of `available` but "No finding", which is task T2; two of
 * the published sets have it as an output of T1 as well.
 */
export function labelSet(name: LabelSet, available: readonly string[]): readonly string[] {
  return name === 'own' ? available.filter((finding) => finding !== NO_FINDING) : SETS[name];
}

const ALIASES = new Map<string, string>([
  ['other disease', 'Other diseases'],
  ['interstitial lung disease', 'ILD'],
  ['effusion', 'Pleural effusion'],
  ['pleural effusion', 'Pleural effusion'],
  ['mass', 'Nodule/Mass'],
  ['nodule', 'Nodule/Mass'],
  ['nodule or mass', 'Nodule/Mass'],
  ['fibrosis', 'Pulmonary fibrosis'],
  ['infiltrate', 'Infiltration'],
  ['pleural_thickening', 'Pleural thickening'],
  ['covid 19', 'COVID-19'],
  ['covid19', 'COVID-19'],
  ['no_finding', NO_FINDING],
  ['normal', NO_FINDING],
  ['lung tumour', 'Lung tumor'],
  ['enlarged pulmonary artery', 'Enlarged PA'],
  ['oedema', 'Edema'],
]);

const KNOWN = new Map<string, string>(
  [...VINDR_LOCAL, ...VINDR_GLOBAL, ...OTHER_KNOWN].map((name) => [name.toLowerCase(), name]),
);

/** The one spelling of a finding's name, or null when the name is not in the vocabulary. */
export function canonicalFinding(name: string): string | null {
  const key = name.trim().toLowerCase();
  return KNOWN.get(key) ?? KNOWN.get(ALIASES.get(key)?.toLowerCase() ?? '') ?? null;
}

/** Okabe-Ito order without black: eight hues that colour-blind readers tell apart. */
export const FINDING_COLOURS = [
  '#e69f00',
  '#56b4e9',
  '#009e73',
  '#f0e442',
  '#4c8fd6',
  '#d55e00',
  '#cc79a7',
  '#b3b3b3',
] as const;

/** The colour of a finding: fixed by its name, the same on every page. */
export function findingColour(name: string): string {
  const order = [...VINDR_LOCAL, ...VINDR_GLOBAL, ...OTHER_KNOWN] as readonly string[];
  let index = order.indexOf(name);
  if (index < 0) index = [...name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) >>> 0, 7);
  return FINDING_COLOURS[index % FINDING_COLOURS.length] ?? FINDING_COLOURS[0];
}
