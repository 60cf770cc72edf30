/** @file Sentences that go along with a run into reports: they name files, never the folders of whoever trains. */

/** A path from its root to its last separator, spaces in it. */
const FOLDERS = /(?<![\w.)])(?:[A-Za-z]:)?[\\/](?:[^\\/\n"']+[\\/])+/g;

export const withoutFolders = (text: string): string => text.replace(FOLDERS, '…/');
