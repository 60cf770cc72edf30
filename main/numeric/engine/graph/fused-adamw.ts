/**
 * @file AdamW of a graph by TensorFlow's fused op, one parameter group after another: nothing of a group's size is made but its
 * clipped gradient, its decayed weights and what the moving average needs, and each is gone before the next group begins.
 */
import type { AdamWSettings } from '../../optim/adamw.ts';
import { typeAttribute, type GraphNode } from './recorded-graph.ts';
import { constant, type Variable } from './variables.ts';

/** Variables of one parameter group. */
export interface GroupVariables {
  readonly parameters: Variable;
  readonly m: Variable;
  readonly v: Variable;
  readonly ema: Variable | null;
  /** Empty between two steps. */
  readonly gradients: Variable;
  /** 1 where weight decay applies. */
  readonly mask: Variable;
}

/** Where the numbers of a step are found: `node:output`, each a scalar. */
export interface StepScalars {
  /** lr · √(1 − β₂ᵗ)/(1 − β₁ᵗ). */
  readonly rate: string;
  /** ε · √(1 − β₂ᵗ). */
  readonly epsilon: string;
  /** lr · weight decay; null = none. */
  readonly decay: string | null;
  /** What the gradients are multiplied by; null = 1. */
  readonly clip: string | null;
  /** 1 − decay of the moving average; null = there is none. */
  readonly averaged: string | null;
}

const FLOAT = { T: typeAttribute('float32') };

function op(name: string, kind: string, inputs: readonly string[], first: readonly string[] = []): GraphNode {
  return { name, op: kind, inputs: [...inputs, ...first.map((node) => `^${node}`)], attributes: FLOAT };
}

/**
 * Everything that updates `groups`, in their order; the last node's being done is the update's. θ ← θ − lr·wd·θ, then
 * ResourceApplyAdam: m, v ← moments; θ ← θ − rate · m/(√v + epsilon), which is PyTorch's AdamW with both sides of its fraction
 * multiplied by √(1 − β₂ᵗ). @param prefix of all names
 */
export function fusedAdamw(
  prefix: string,
  groups: readonly GroupVariables[],
  scalars: StepScalars,
  settings: Pick<AdamWSettings, 'beta1' | 'beta2'>,
): { readonly nodes: readonly GraphNode[]; readonly last: GraphNode } {
  const shared = {
    zero: constant(`${prefix}/zero`, [], [0]), // the powers of β are in the scalars already
    beta1: constant(`${prefix}/beta1`, [], [settings.beta1]),
    beta2: constant(`${prefix}/beta2`, [], [settings.beta2]),
    one: constant(`${prefix}/one`, [], [1]),
    empty: constant(`${prefix}/empty`, [0], []),
  };
  const nodes: GraphNode[] = Object.values(shared);
  const add = (node: GraphNode): GraphNode => {
    nodes.push(node);
    return node;
  };
  let before: GraphNode = shared.empty;
  groups.forEach((group, at) => {
    const name = (what: string): string => `${prefix}/${at}/${what}`;
    const { parameters, m, v, ema, gradients, mask } = group;
    const first = [before.name];
    const gradient =
      scalars.clip === null
        ? op(name('gradient'), 'Identity', [gradients.read], first)
        : op(name('gradient'), 'Mul', [gradients.read, scalars.clip], first);
    add(gradient);
    if (scalars.decay !== null) {
      const shares = add(op(name('shares'), 'Mul', [mask.read, scalars.decay], first));
      const factors = add(op(name('factors'), 'Sub', [shared.one.name, shares.name]));
      const decayed = add(op(name('decayed'), 'Mul', [parameters.read, factors.name]));
      before = add(parameters.assign(name('decay'), decayed.name));
    }
    const { zero, beta1, beta2 } = shared;
    const numbers = [zero.name, zero.name, scalars.rate, beta1.name, beta2.name, scalars.epsilon];
    const inputs = [parameters.name, m.name, v.name, ...numbers, gradient.name];
    const updated = add(op(name('adam'), 'ResourceApplyAdam', inputs, [before.name]));
    before = add(gradients.assign(name('emptied'), shared.empty.name, [updated]));
    if (ema === null || scalars.averaged === null) return;
    const now = add(parameters.readAfter(name('now'), [before]));
    const gap = add(op(name('gap'), 'Sub', [ema.read, now.name]));
    const step = add(op(name('step'), 'Mul', [gap.name, scalars.averaged]));
    before = add(ema.subtract(name('averaged'), step.name));
  });
  return { nodes, last: before };
}
