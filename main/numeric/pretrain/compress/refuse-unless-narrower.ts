/** @file Which larger model a smaller one can be made from. */
import type { VitConfig } from '../../vit/config.ts';
import { WeightsError } from '../../weights/weights-error.ts';

/** @throws WeightsError `shape` naming why `smaller` cannot be made from `larger` */
export function refuseUnlessNarrower(larger: VitConfig, smaller: VitConfig): void {
  const differs = [
    larger.width <= smaller.width && `its width ${larger.width} is not above ${smaller.width}`,
    larger.depth !== smaller.depth && `it has ${larger.depth} blocks, not ${smaller.depth}`,
    larger.width / larger.heads !== smaller.width / smaller.heads && 'its heads have another width',
    larger.mlpRatio !== smaller.mlpRatio && 'its MLP has another ratio',
    larger.patch !== smaller.patch && `its patches have ${larger.patch} pixels, not ${smaller.patch}`,
    larger.imageSize !== smaller.imageSize && 'it is for films of another size',
  ].filter((one) => one !== false);
  if (differs.length === 0) return;
  throw new WeightsError(
    'shape',
    `A ViT-${smaller.variant} cannot be made from this ViT-${larger.variant}: ${differs.join('; ')}.`,
  );
}
