/**
 * @file Takes identities and places out of a sentence. Only plain words stay: what is written large, holds digits among letters, looks
 * like a file or a folder, stands in quotes, or is a name that the library or this computer knows is left out.
 */
import { homedir, hostname, userInfo } from 'node:os';
import { basename } from 'node:path';

import type { Store } from '../../store/store.ts';

export type Redact = (text: string) => string;

const LEFT_OUT = '(…)';
/** A place in the app's own code, as a stack names it: all that is kept of a path. */
const OWN_CODE = /(?:main|shared|node_modules)\/[\w@./-]+\.[a-z]{2,3}:\d+(?::\d+)?/g;
/** From the first of these on a text may name a file or a person. */
const QUOTES = /["'`“”„‘«»<>\\/@=]|[A-Za-z]:$/;
const FILE_NAME = /\S+\.(?:dcm|dicom|png|jpe?g|tiff?|bmp|csv|json|zip|db|safetensors|whl|txt|pdf)\b/gi;
/** A word of a sentence, a small number, a name of an error, or how one of our sentences begins. */
const PLAIN =
  /^\W*(?:[a-z’-]+|\d{1,5}(?:\.\d+)?|E[A-Z]{2,}|[A-Za-z]*Error|SIG[A-Z]+|TensorFlow|WebAssembly|SQLite|Chestlight|UTC|[KMG]B|The|This|These|It|If|In|No|Not|Nothing|Everything|What|Free|Check|Choose|Start|Set|Import|Make|Close|Open)\W*$/;

function stem(name: string): string {
  return name.replace(/\.[A-Za-z0-9]{1,12}$/, '');
}

/** Every name that the library or this computer knows, of three letters or more. */
function knownNames(store: Store, libraryDir: string): readonly string[] {
  const films = store.films.names().flatMap(({ name }) => [name, stem(name)]);
  const named = [
    ...store.runs.list(),
    ...store.splits.list(),
    ...store.studies.list(),
    ...store.reviews.all(),
    ...store.readers.all(),
  ].map(({ name }) => name);
  const here = [hostname(), basename(homedir()), basename(libraryDir), accountName()];
  return [...new Set([...films, ...named, ...here])].filter((name) => name.length > 2);
}

function accountName(): string {
  try {
    return userInfo().username;
  } catch {
    return '';
  }
}

export function createRedactor(store: Store, libraryDir: string): Redact {
  const names = knownNames(store, libraryDir).map((name) => name.toLowerCase());
  const words = new Set(names.filter((name) => !/\s/.test(name)));
  const phrases = names.filter((name) => /\s/.test(name));
  const isKnown = (word: string): boolean => words.has(word.toLowerCase().replace(/^\W+|\W+$/g, ''));
  const plain = (text: string): string => {
    const cut = QUOTES.exec(text);
    const head = cut === null ? text : `${text.slice(0, cut.index).replace(/\S*$/, '')}${LEFT_OUT}`;
    const lower = head.toLowerCase();
    if (phrases.some((phrase) => lower.includes(phrase))) return LEFT_OUT;
    return head
      .replace(FILE_NAME, LEFT_OUT)
      .split(/(\s+)/)
      .map((word) => (word.trim() === '' || (PLAIN.test(word) && !isKnown(word)) ? word : LEFT_OUT))
      .join('');
  };
  return (text) =>
    text
      .split('\n')
      .map((line) => {
        const places = line.match(OWN_CODE);
        return places === null ? plain(line) : `at ${places.join(' ')}`;
      })
      .join('\n');
}
