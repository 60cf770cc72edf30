/**
 * @file Text of DICOM elements (PS3.3 C.12.1.1.2, PS3.5 6.1): single-byte sets, UTF-8, GB18030/GBK, and code extensions
 * by escape sequences (Japanese, Korean, Chinese, several Latin sets in one value).
 */

interface CodeSet {
  /** Label of the WHATWG decoder, or `jis0208`/`jis0212`, which are written in 7 bits after their escape. */
  readonly decoder: string;
}

const LATIN1: CodeSet = { decoder: 'windows-1252' };

/** Defined terms; the ISO 2022 form of each names the same repertoire. */
const TERMS: Readonly<Record<string, CodeSet>> = {
  '6': LATIN1,
  '100': LATIN1,
  '101': { decoder: 'iso-8859-2' },
  '109': { decoder: 'iso-8859-3' },
  '110': { decoder: 'iso-8859-4' },
  '144': { decoder: 'iso-8859-5' },
  '127': { decoder: 'iso-8859-6' },
  '126': { decoder: 'iso-8859-7' },
  '138': { decoder: 'iso-8859-8' },
  '148': { decoder: 'windows-1254' },
  '203': { decoder: 'iso-8859-15' },
  '13': { decoder: 'shift_jis' },
  '87': { decoder: 'jis0208' },
  '159': { decoder: 'jis0212' },
  '166': { decoder: 'windows-874' },
  '149': { decoder: 'euc-kr' },
  '58': { decoder: 'gbk' },
  '192': { decoder: 'utf-8' },
  GB18030: { decoder: 'gb18030' },
  GBK: { decoder: 'gbk' },
};

/** What follows ESC → the set that it switches to (PS3.3 tables C.12-3 and C.12-4). */
const ESCAPES: readonly (readonly [string, CodeSet])[] = [
  ['$)C', { decoder: 'euc-kr' }],
  ['$)A', { decoder: 'gbk' }],
  ['$(D', { decoder: 'jis0212' }],
  ['$B', { decoder: 'jis0208' }],
  ['(B', LATIN1],
  ['(J', { decoder: 'shift_jis' }],
  [')I', { decoder: 'shift_jis' }],
  ['-A', LATIN1],
  ['-B', { decoder: 'iso-8859-2' }],
  ['-C', { decoder: 'iso-8859-3' }],
  ['-D', { decoder: 'iso-8859-4' }],
  ['-L', { decoder: 'iso-8859-5' }],
  ['-G', { decoder: 'iso-8859-6' }],
  ['-F', { decoder: 'iso-8859-7' }],
  ['-H', { decoder: 'iso-8859-8' }],
  ['-M', { decoder: 'windows-1254' }],
  ['-T', { decoder: 'windows-874' }],
  ['-b', { decoder: 'iso-8859-15' }],
];

const ESC = 0x1b;

/** One value of (0008,0005), e.g. `ISO_IR 100` or `ISO 2022 IR 87`, to its set; unknown terms read as Latin-1. */
function termSet(term: string): CodeSet {
  const key = term
    .trim()
    .toUpperCase()
    .replace(/^ISO[_ ](2022 )?IR[ _]/, '');
  return TERMS[key] ?? LATIN1;
}

/**
 * Decodes the bytes of one text element.
 * @param specificCharacterSet values of (0008,0005); empty = the default repertoire (read as Latin-1, its superset)
 */
export function decodeText(bytes: Uint8Array, specificCharacterSet: readonly string[]): string {
  const initial = termSet(specificCharacterSet[0] ?? '');
  if (!bytes.includes(ESC)) return decodeRun(bytes, initial);
  let text = '';
  let set = initial;
  let from = 0;
  for (let at = 0; at < bytes.length; at++) {
    const code = bytes[at] ?? 0;
    if (code === ESC) {
      text += decodeRun(bytes.subarray(from, at), set);
      const found = ESCAPES.find(([sequence]) => startsWith(bytes, at + 1, sequence));
      set = found?.[1] ?? set;
      from = at + 1 + (found?.[0].length ?? 0);
      at = from - 1;
    } else if (isReset(code) && set !== initial && !isSevenBitPair(set)) {
      text += decodeRun(bytes.subarray(from, at), set);
      set = initial;
      from = at;
    }
  }
  return text + decodeRun(bytes.subarray(from), set);
}

/** JIS X 0208 and 0212 write characters as pairs of 7-bit codes, any of which may look like a delimiter. */
function isSevenBitPair(set: CodeSet): boolean {
  return set.decoder === 'jis0208' || set.decoder === 'jis0212';
}

/** Value, line and name-component delimiters switch back to the first set (PS3.5 6.1.2.5.3). */
function isReset(code: number): boolean {
  return code === 0x5c || code === 0x3d || code === 0x5e || code === 0x0a || code === 0x0d || code === 0x0c;
}

function startsWith(bytes: Uint8Array, at: number, text: string): boolean {
  return [...text].every((letter, index) => bytes[at + index] === letter.charCodeAt(0));
}

function decodeRun(bytes: Uint8Array, set: CodeSet): string {
  if (bytes.length === 0) return '';
  if (set.decoder === 'jis0208')
    return decodeLabel(
      bytes.map((code) => code | 0x80),
      'euc-jp',
    );
  if (set.decoder === 'jis0212') return decodeLabel(withShift(bytes), 'euc-jp');
  return decodeLabel(bytes, set.decoder);
}

/** EUC-JP reaches JIS X 0212 by the byte 8F before each pair. */
function withShift(bytes: Uint8Array): Uint8Array {
  const result = new Uint8Array(Math.ceil(bytes.length / 2) * 3);
  for (let pair = 0; pair * 2 < bytes.length; pair++) {
    result[pair * 3] = 0x8f;
    result[pair * 3 + 1] = (bytes[pair * 2] ?? 0) | 0x80;
    result[pair * 3 + 2] = (bytes[pair * 2 + 1] ?? 0) | 0x80;
  }
  return result;
}

function decodeLabel(bytes: Uint8Array, label: string): string {
  return new TextDecoder(label).decode(bytes);
}
