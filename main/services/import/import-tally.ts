/** @file Counts what an import did and turns it into the summary that a person reads. */
import { setImmediate } from 'node:timers/promises';

import type { ImportSummary, LabelCount } from '../../../shared/contract/library.ts';
import { isChest, isRadiograph, viewKind } from '../../../shared/domain/chest-film.ts';
import type { PatientKey } from '../../../shared/domain/ids.ts';
import { definedTerm } from '../../dicom/deidentify/kept-attributes.ts';
import type { LabelStore } from '../../store/labels.ts';
import type { PreparedFilm } from './decode-messages.ts';
import type { WrittenFilm } from './film-writer.ts';
import type { SkippedFile } from './gather-files.ts';
import { counted, listNames } from './wording.ts';

/** Skipped files that are listed one by one; beyond that they are counted. */
const MAX_SKIPPED_LISTED = 5000;
const FILMS_PER_TURN = 2000;

export interface ImportTally {
  skip(skipped: SkippedFile): void;
  /** A film that was put in or was here before. */
  count(shown: string, film: PreparedFilm | null, written: WrittenFilm): void;
  warn(sentence: string): void;
  readonly imported: number;
  summary(): Promise<ImportSummary>;
}

/** `isVindr`: no patient in the labels is how the dataset is, not an oversight. */
export function createImportTally(labels: LabelStore, isVindr: boolean): ImportTally {
  const skipped: SkippedFile[] = [];
  let notListed = 0;
  const touched = new Set<number>();
  const patients = new Set<PatientKey>();
  const remarks = new Map<string, string[]>();
  const warnings: string[] = [];
  const counts = { imported: 0, duplicates: 0, changed: 0, patientKept: 0, anonymous: 0 };

  const remark = (what: string, file: string): void => {
    const files = remarks.get(what);
    if (files === undefined) remarks.set(what, [file]);
    else files.push(file);
  };

  return {
    get imported() {
      return counts.imported;
    },
    skip(file) {
      if (skipped.length < MAX_SKIPPED_LISTED) skipped.push(file);
      else notListed += 1;
    },
    count(shown, film, written) {
      touched.add(written.filmNo);
      patients.add(written.patientKey);
      if (film !== null) counts[written.how === 'imported' ? 'imported' : 'duplicates'] += 1;
      if (written.changed) counts.changed += 1;
      if (written.patientKept) counts.patientKept += 1;
      if (film === null || written.how === 'duplicate') return;
      if (!written.patientNamed) counts.anonymous += 1;
      for (const warning of [...film.warnings, ...oddities(film)]) remark(warning, shown);
    },
    warn: (sentence) => void warnings.push(sentence),
    async summary() {
      const own = [...warnings];
      if (counts.changed > 0) {
        own.push(`Labels were updated for ${counted(counts.changed, 'film')} already in the library.`);
      }
      if (counts.patientKept > 0) {
        own.push(
          `${counted(counts.patientKept, 'film')} in a split kept the patient, although the labels file names another one.`,
        );
      }
      if (counts.anonymous > 0) {
        own.push(
          isVindr
            ? `VinDr-CXR names no patients: each film counts as its own patient (${counted(counts.anonymous, 'film')}).`
            : `No patient is named for ${counted(counts.anonymous, 'film')}: each counts as a patient of its own, so a split` +
                ' cannot keep films of one patient together.',
        );
      }
      for (const [what, files] of remarks) own.push(`${what} ${listNames(files)}`);
      if (notListed > 0) own.push(`Not listed: ${counted(notListed, 'more skipped file')}.`);
      return {
        imported: counts.imported,
        duplicates: counts.duplicates,
        skipped,
        patients: patients.size,
        labels: await labelCounts(labels, [...touched]),
        warnings: own,
      };
    },
  };
}

/** What the header says against a frontal chest film. The film is imported; a person should know. */
function oddities({ header }: PreparedFilm): readonly string[] {
  const found: string[] = [];
  if (header.modality !== null && !isRadiograph(header.modality)) {
    found.push(`Not a radiograph: the header says ${header.modality}.`);
  }
  if (header.view !== null && viewKind(header.view) !== 'frontal') {
    found.push(`Not a frontal view: the header says ${header.view}.`);
  }
  if (header.bodyPart !== null && !isChest(header.bodyPart)) {
    // Only a word of the standard is repeated: a header may hold anything.
    const part = definedTerm(0x00180015, header.bodyPart) ?? 'another part of the body';
    found.push(`Not a chest: the header says ${part}.`);
  }
  return found;
}

async function labelCounts(labels: LabelStore, filmNos: readonly number[]): Promise<LabelCount[]> {
  const sums = new Map<string, { positive: number; negative: number }>();
  for (let at = 0; at < filmNos.length; at += FILMS_PER_TURN) {
    if (at > 0) await setImmediate();
    for (const { finding, positive, negative } of labels.countsOf(filmNos.slice(at, at + FILMS_PER_TURN))) {
      const sum = sums.get(finding) ?? { positive: 0, negative: 0 };
      sums.set(finding, { positive: sum.positive + positive, negative: sum.negative + negative });
    }
  }
  return [...sums].map(([finding, { positive, negative }]) => ({
    finding,
    positive,
    negative,
    unknown: filmNos.length - positive - negative,
  }));
}
