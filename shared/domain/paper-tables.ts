/**
 * @file The AUROCs of the paper's Tables 1 and 2, as printed: VinDr-CXR, that paper's films and training. For reading beside
 * a study, never as results of this app.
 */
import type { Resolution, VitVariant } from './recipe.ts';

export const PAPER_LABEL = 'paper, VinDr-CXR, not this library';

export const PAPER_CITATION =
  'Y. Akhter, R. Ranjan, R. Singh, M. Vatsa: Low-resolution chest X-ray classification via knowledge distillation and multi-task learning, Tables 1 and 2';

/** T1 and T2 at one place of a table. */
type Pair = readonly [t1: number, t2: number];

/** Table 1: teacher at 224, then students without distillation at 112, 56, 28. */
const TABLE_1: Readonly<Record<VitVariant, readonly [Pair, Pair, Pair, Pair]>> = {
  tiny: [
    [0.8343, 0.8696],
    [0.8309, 0.8534],
    [0.8057, 0.8505],
    [0.7977, 0.835],
  ],
  small: [
    [0.8563, 0.901],
    [0.8426, 0.8667],
    [0.8342, 0.8588],
    [0.8186, 0.8476],
  ],
  base: [
    [0.86, 0.9064],
    [0.8724, 0.8897],
    [0.826, 0.8795],
    [0.7941, 0.8269],
  ],
};

const TABLE_2_SYSTEMS = ['vanilla', 'last-block', 'one-to-one', 'mlcak'] as const;

/** Table 2: one row a system, at 112, 56, 28. */
const TABLE_2: Readonly<
  Record<VitVariant, Readonly<Record<(typeof TABLE_2_SYSTEMS)[number], readonly [Pair, Pair, Pair]>>>
> = {
  tiny: {
    vanilla: [
      [0.8347, 0.8684],
      [0.8154, 0.8546],
      [0.8068, 0.8536],
    ],
    'last-block': [
      [0.8219, 0.8654],
      [0.8127, 0.8543],
      [0.7854, 0.8445],
    ],
    'one-to-one': [
      [0.8249, 0.864],
      [0.8113, 0.8571],
      [0.8016, 0.8512],
    ],
    mlcak: [
      [0.8492, 0.8836],
      [0.8354, 0.8746],
      [0.8202, 0.8654],
    ],
  },
  small: {
    vanilla: [
      [0.8562, 0.8822],
      [0.8437, 0.8727],
      [0.8164, 0.8661],
    ],
    'last-block': [
      [0.8549, 0.8978],
      [0.8437, 0.8891],
      [0.8319, 0.8703],
    ],
    'one-to-one': [
      [0.8533, 0.8951],
      [0.8437, 0.8891],
      [0.8319, 0.8703],
    ],
    mlcak: [
      [0.8717, 0.9077],
      [0.8509, 0.8904],
      [0.8415, 0.8751],
    ],
  },
  base: {
    vanilla: [
      [0.8704, 0.8963],
      [0.8657, 0.8858],
      [0.8238, 0.8651],
    ],
    'last-block': [
      [0.8494, 0.8892],
      [0.8371, 0.8853],
      [0.8032, 0.8653],
    ],
    'one-to-one': [
      [0.8509, 0.8878],
      [0.8317, 0.876],
      [0.8161, 0.8612],
    ],
    mlcak: [
      [0.8746, 0.8987],
      [0.8714, 0.8901],
      [0.8387, 0.8766],
    ],
  },
};

export interface PaperValue {
  readonly table: 1 | 2;
  readonly model: VitVariant;
  /** `teacher` or the name of one of the paper's systems. */
  readonly system: string;
  readonly resolution: Resolution;
  readonly task: 't1' | 't2';
  readonly value: number;
  /** "Last block" and "1:1" of Small are equal at 56 and 28 px in both tasks: likely a slip of the paper. */
  readonly doubted: boolean;
}

const LOW = [112, 56, 28] as const;

function isDoubted(model: VitVariant, system: string, resolution: Resolution): boolean {
  return model === 'small' && (system === 'last-block' || system === 'one-to-one') && resolution < 112;
}

/** Every value of both tables: per model Table 1, then the rows of Table 2. */
export function paperValues(): readonly PaperValue[] {
  const pair = (
    table: 1 | 2,
    model: VitVariant,
    system: string,
    resolution: Resolution,
    [t1, t2]: Pair,
  ): PaperValue[] => {
    const at = { table, model, system, resolution, doubted: isDoubted(model, system, resolution) };
    return [
      { ...at, task: 't1', value: t1 },
      { ...at, task: 't2', value: t2 },
    ];
  };
  return (['tiny', 'small', 'base'] as const).flatMap((model) => {
    const [teacher, ...none] = TABLE_1[model];
    return [
      ...pair(1, model, 'teacher', 224, teacher),
      ...LOW.flatMap((resolution, index) => pair(1, model, 'none', resolution, none[index] as Pair)),
      ...TABLE_2_SYSTEMS.flatMap((system) =>
        LOW.flatMap((resolution, index) =>
          pair(2, model, system, resolution, TABLE_2[model][system][index] as Pair),
        ),
      ),
    ];
  });
}
