/** @file A study's table asked for, and saved as a file that the host has written. */
import type { StudyFormat, StudyTableRequest } from '../../../../shared/contract/study-table.ts';
import type { Study } from '../../../../shared/contract/study.ts';
import type { Connection } from '../../rpc/connection.svelte.ts';
import { saveBlob } from '../../rpc/save-file.ts';
import { Action } from '../../state/action.svelte.ts';

const ENDINGS: Readonly<Record<StudyFormat, string>> = {
  html: 'html',
  csv: 'csv',
  json: 'json',
  latex: 'tex',
};

/** The runs that a study has begun, named as its plan names them. */
export function tableRequest(study: Study, withPaper: boolean): StudyTableRequest {
  const begun = study.cells.flatMap(({ runId, system, title }) =>
    runId === null ? [] : [{ runId, name: system, title }],
  );
  return { runIds: begun.map(({ runId }) => runId), systems: begun, withPaper };
}

export class StudyExport {
  readonly saving = new Action();
  /** What is being saved, or was last. */
  format = $state<StudyFormat | null>(null);
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  save(study: Study, withPaper: boolean, format: StudyFormat): Promise<boolean> {
    return this.saving.run(async () => {
      this.format = format;
      const { evaluation } = await this.#connection.client();
      const { href } = await evaluation.exportStudy({ ...tableRequest(study, withPaper), format });
      const answer = await fetch(href);
      if (!answer.ok) throw new Error(`The file could not be fetched (${answer.status}).`);
      const name = study.name.replace(/[^\p{L}\p{N} _.-]+/gu, '_').trim() || 'study';
      saveBlob(`${name}.${ENDINGS[format]}`, await answer.blob());
    });
  }
}
