/** @file What the words of a header say of a film: is it a radiograph, of the chest, seen from the front. */

/**
 * Projection radiographs: PS3.3 C.7.3.1.1.1; DR and XR are old names of them. RG (film digitiser), OT and SC (secondary capture)
 * may well hold one.
 */
const RADIOGRAPHS: ReadonlySet<string> = new Set(['CR', 'DX', 'DR', 'XR', 'RG', 'OT', 'SC']);

export function isRadiograph(modality: string): boolean {
  return RADIOGRAPHS.has(modality.trim().toUpperCase());
}

/** (0018,5101) of views that are not frontal: PS3.3 C.8.7.1.1.1 and C.8.11.5; and as labels files of open data sets call them. */
const NOT_FRONTAL: ReadonlySet<string> = new Set(
  'L LL RL LLD RLD LLO RLO LAO RAO LPO RPO LATERAL LAT OBL OBLIQUE AX AXIAL CC MLO LORDOTIC DECUBITUS'.split(
    ' ',
  ),
);
const FRONTAL: ReadonlySet<string> = new Set('PA AP FRONTAL F POSTEROANTERIOR ANTEROPOSTERIOR'.split(' '));

/** `unknown`: a word that says nothing of it. */
export function viewKind(view: string): 'frontal' | 'other' | 'unknown' {
  const words = view
    .trim()
    .toUpperCase()
    .split(/[\s_-]+/);
  if (words.some((word) => NOT_FRONTAL.has(word))) return 'other';
  return FRONTAL.has(words[0] ?? '') ? 'frontal' : 'unknown';
}

const CHEST = /CHEST|THORAX|LUNG|\bRIBS?\b|HEART|MEDIASTINUM|^TORAX/i;

/** @param bodyPart (0018,0015). Parts that hold the chest with something else count as chest. */
export function isChest(bodyPart: string): boolean {
  return CHEST.test(bodyPart);
}
