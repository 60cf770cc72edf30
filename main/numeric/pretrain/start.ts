/** @file What a masked autoencoder begins with: fixed positions and Xavier kernels. */
import {
  gridSize,
  parameterGroups,
  type ParameterGroup,
  type ParameterSpec,
  type VitConfig,
} from '../vit/config.ts';
import { initSpec, normalGenerator, uniformGenerator } from '../vit/init.ts';
import { sineCosinePositions } from './positions.ts';

/** Uniform in ±√(6/(in + out)) (Glorot & Bengio 2010), as He et al. begin with. */
function xavier({ shape, size }: ParameterSpec, uniform: () => number): Float32Array {
  const [inputs = 1, outputs = 1] = shape;
  const limit = Math.sqrt(6 / (inputs + outputs));
  return Float32Array.from({ length: size }, () => (2 * uniform() - 1) * limit);
}

const allSpecs = (config: VitConfig, extra: readonly ParameterGroup[]): readonly ParameterSpec[] =>
  [...parameterGroups(config), ...extra].flatMap(({ specs }) => specs);

/** Start weights of a masked autoencoder: model and decoder (`extra`), the same for the same seed on every machine. */
export function maskedStart(
  config: VitConfig,
  extra: readonly ParameterGroup[],
  seed: number,
): Map<string, Float32Array> {
  const uniform = uniformGenerator(seed);
  const normal = normalGenerator(uniform);
  return new Map(
    allSpecs(config, extra).map((spec) => {
      if (spec.name === 'positions') return [spec.name, sineCosinePositions(config.width, gridSize(config))];
      return [spec.name, spec.decay ? xavier(spec, uniform) : initSpec(spec, normal)];
    }),
  );
}
