/** @file Gathers a report: runs with results, splits, films with overlays, sources. */
import type { RunId } from '../../../../shared/domain/ids.ts';
import type { CallContext, Clock } from '../../service-types.ts';
import { gatherFilms, type Pictures } from './gather-films.ts';
import { gatherRuns, gatherSplits, reportedRuns, type Results } from './gather-runs.ts';
import { gatherSources } from './gather-sources.ts';
import type { ReportData } from './report-data.ts';

export type ReportDeps = Results & Pictures & { readonly clock: Clock };

/** @throws ServiceError NOT_FOUND, CONFLICT, CORRUPT_LIBRARY, CANCELLED */
export async function gatherReport(
  deps: ReportDeps,
  runIds: readonly RunId[],
  context: CallContext,
): Promise<ReportData> {
  const { library, clock } = deps;
  const { runs, omissions } = await gatherRuns(deps, reportedRuns(library, runIds));
  const splits = gatherSplits(library, runs);
  const pictures = await gatherFilms(deps, runs, context);
  return {
    madeAt: clock.now(),
    runs,
    splits,
    films: pictures.films,
    omissions: [...omissions, ...pictures.omissions],
    ...(await gatherSources(
      library,
      splits.map(({ id }) => id),
    )),
  };
}
