/** @file Where the films of a report come from: sources and licences as imported, credits of the sample library. */
import type { SplitId } from '../../../../shared/domain/ids.ts';
import type { OpenLibrary } from '../../library/open-library.ts';
import { sampleAttributions } from '../../library/sample-library.ts';
import type { ReportData } from './report-data.ts';

/** Over all films of the splits. */
export async function gatherSources(
  { store }: OpenLibrary,
  splits: readonly SplitId[],
): Promise<Pick<ReportData, 'sources' | 'attributions'>> {
  const filmIds = new Set(splits.flatMap((id) => store.splits.dataset(id, []).map(({ filmId }) => filmId)));
  const films = [...filmIds].flatMap((id) => store.films.find(id) ?? []);
  const groups = Map.groupBy(films, ({ source, licence }) => JSON.stringify([source, licence]));
  const sources = [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    return [
      {
        source: first.source ?? 'no source given',
        licence: first.licence ?? 'no licence given',
        films: group.length,
      },
    ];
  });
  const imports = new Set(films.map(({ importId }) => importId));
  const usesSample = [...imports].some((id) => store.imports.find(id)?.kind === 'sample');
  return {
    sources: sources.toSorted((a, b) => b.films - a.films),
    attributions: usesSample ? await sampleAttributions() : [],
  };
}
