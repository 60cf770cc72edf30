/** @file The study's table as the window and the command line ask for it, and its exports. */
import type { StudyFormat, StudyTable, StudyTableRequest } from '../../../../shared/contract/study-table.ts';
import type { CallContext } from '../../service-types.ts';
import { buildStudyTable } from './build-table.ts';
import { gatherStudy, type StudyDeps } from './gather.ts';
import { studyCsv } from './study-csv.ts';
import { studyLatex } from './study-latex.ts';
import { studyPage } from './study-page.ts';

/** @throws ServiceError NOT_FOUND, CONFLICT, INCOMPATIBLE, CANCELLED */
export async function studyTableOf(
  deps: StudyDeps,
  request: StudyTableRequest,
  context: CallContext,
): Promise<StudyTable> {
  return buildStudyTable(await gatherStudy(deps, request, context), request.withPaper);
}

/** The whole text of a file. Pure: the same table gives the same bytes. */
export function exportedStudy(table: StudyTable, format: StudyFormat): string {
  switch (format) {
    case 'html':
      return studyPage(table);
    case 'csv':
      return studyCsv(table);
    case 'json':
      return `${JSON.stringify(table, null, 2)}\n`;
    case 'latex':
      return studyLatex(table);
  }
}
