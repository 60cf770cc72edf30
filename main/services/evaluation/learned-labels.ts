/** @file Which labels a run learned and is measured by, in words. */
import type { LabelVersionId } from '../../../shared/domain/ids.ts';
import type { Store } from '../../store/store.ts';

/** `as imported`, or the label version with its review. */
export function learnedLabels(store: Pick<Store, 'labelVersions'>, id: LabelVersionId | null): string {
  if (id === null) return 'as imported';
  const version = store.labelVersions.find(id);
  return version === null
    ? `label version ${id}`
    : `“${version.name}”, of the review “${version.reviewName}” (${version.films} films), else as imported`;
}
