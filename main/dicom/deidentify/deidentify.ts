/**
 * @file A film → the same film without its patient: PS3.15 Annex E basic profile with the options taken, recorded in the film,
 * read again and checked. Service and command line come here. The film as it came is not changed.
 */
import { formatTag, type DataSet } from '../data-set.ts';
import { FilmError } from '../film-error.ts';
import { readFilm, type DecodedFilm } from '../film.ts';
import { readDicomFile, type DicomFile } from '../part10.ts';
import { textElement, writePart10, type NewDataSet, type NewElement } from '../part10-writer.ts';
import { displayImage, pixelHash } from '../render.ts';
import type { StoredPixels } from '../stored-pixels.ts';
import { loadDictionary } from '../tag-list.ts';
import { characterSets, displayValue, stringValue } from '../values.ts';
import type { Action, Reason } from './action.ts';
import { checkClean, foreignUids } from './check.ts';
import { cleanPixels, PIXEL_ATTRIBUTES, type CleanPixels } from './clean-pixels.ts';
import { cleanHeader } from './header.ts';
import { methodCodes, type BlackBox, type DeidentifyOptions, type MethodCode } from './options.ts';
import { overlayElements, readOverlays } from './overlays.ts';
import { PROFILE_EDITION } from './profile-table.ts';
import type { Pseudonyms } from './pseudonyms.ts';
import { dropIdentity } from './identity.ts';

export interface DeidentifyRequest {
  readonly options: DeidentifyOptions;
  readonly pseudonyms: Pseudonyms;
  /** Who the patient is to the caller; null = as the film says. Goes through the key and nowhere else. */
  readonly patient: string | null;
  /** What is covered, in every frame. */
  readonly boxes: readonly BlackBox[];
  /** A person looked at the picture: nothing in it tells who it is, once the boxes are set. */
  readonly pixelsSeen: boolean;
  /** Version of this program. */
  readonly version: string;
}

export interface DeidentifiedFilm {
  readonly bytes: Uint8Array;
  /** New SOP instance UID. */
  readonly sopInstanceUid: string;
  readonly patientCode: string;
  readonly methods: readonly MethodCode[];
  /** In the order of the film as it came. Holds identity in `before`. */
  readonly actions: readonly Action[];
}

const TAG_PATIENT_NAME = 0x00100010;
const TAG_PATIENT_ID = 0x00100020;
const TAG_SOP_INSTANCE = 0x00080018;
const TAG_SOP_CLASS = 0x00080016;
const TAG_IMAGE_TYPE = 0x00080008;
const SECONDARY_CAPTURE = '1.2.840.10008.5.1.4.1.1.7';

const REWRITTEN = new Set<number>([
  ...PIXEL_ATTRIBUTES,
  ...[
    0x00080005,
    TAG_SOP_CLASS,
    TAG_PATIENT_NAME,
    TAG_PATIENT_ID,
    TAG_SOP_INSTANCE,
    0x00120062,
    0x00120063,
    0x00120064,
  ],
  ...[0x00280301, 0x00280303],
]);
const PALETTE = new Set([0x00281101, 0x00281102, 0x00281103, 0x00281201, 0x00281202, 0x00281203]);
/** US or SS by Pixel Representation (PS3.6). */
const SIGN_OF_PIXELS = new Set([0x00280106, 0x00280107, 0x00280120, 0x00280121]);

/** @throws FilmError as reading the film does; NOT_CLEAN */
export async function deidentifyFilm(
  bytes: Uint8Array,
  request: DeidentifyRequest,
): Promise<DeidentifiedFilm> {
  const film = await readFilm(bytes, '');
  if (film.format !== 'dicom') throw new FilmError('NOT_AN_IMAGE', NO_HEADER);
  const file = readDicomFile(bytes);
  const { options, pseudonyms, boxes } = request;
  const patient = request.patient ?? patientOf(film, file.dataSet);
  const patientCode = pseudonyms.patientCode(patient);
  const dictionary = loadDictionary();
  const header = cleanHeader(file.dataSet, {
    options,
    pseudonyms,
    days: pseudonyms.shiftDays(patient),
    dictionary,
    rewritten: (tag) => REWRITTEN.has(tag) || (options.keepOverlays && isOverlay(tag)),
  });
  const pixels = await cleanPixels(file, boxes, darkest(film));
  const overlays = options.keepOverlays ? readOverlays(file.dataSet) : [];
  const graphics = overlays.flatMap((plane) => overlayElements(plane, boxes));
  const sopInstanceUid = pseudonyms.uid(stringValue(file.dataSet, TAG_SOP_INSTANCE) ?? pixelHash(film));
  const methods = methodCodes(options, request.pixelsSeen);
  const records = recordElements(file, request, { patientCode, sopInstanceUid, methods, pixels });
  const checked = dropIdentity(header.elements, header.gone);
  const overwritten = new Set([...records, ...graphics].map(({ tag }) => tag));
  const dataSet = [
    ...checked.elements
      .filter(
        ({ tag }) =>
          !overwritten.has(tag) && (pixels.image.photometric === 'PALETTE COLOR' || !PALETTE.has(tag)),
      )
      .map((element) => signed(element, pixels)),
    ...records,
    ...graphics,
    ...pixels.elements,
  ];
  const meant = boxes.length > 0 ? dataSet.map(derived) : dataSet;
  const written = writePart10(
    {
      sopClassUid: sopClassOf(file.dataSet),
      sopInstanceUid,
      implementationVersion: `CHESTLIGHT_${request.version}`,
    },
    meant,
  );
  const { gone } = header;
  checkClean(written, { options, gone, uids: foreignUids(file.dataSet), patientCode, meant });
  await checkPicture(written, film, boxes.length > 0 || film.photometric === 'YBR_PARTIAL_422');
  const actions = [
    ...checked.mark(header.actions),
    ...[...records, ...graphics].map((element) =>
      recorded(element, dictionary(element.tag)?.keyword ?? null, file.dataSet),
    ),
  ];
  return { bytes: written, sopInstanceUid, patientCode, methods, actions };
}

const NO_HEADER =
  'A plain picture has no header with a patient in it. Export it as a picture; look for writing in it first.';

function isOverlay(tag: number): boolean {
  const group = tag >>> 16;
  return group >= 0x6000 && group <= 0x601e && group % 2 === 0;
}

/** Patient's number with who gave it; without one the name and birth date; without these the film itself. */
function patientOf(film: DecodedFilm, dataSet: DataSet): string {
  const { patientId, patientName, birthDate } = film.identity;
  const issuer = stringValue(dataSet, 0x00100021) ?? '';
  if (patientId !== null) return JSON.stringify(['id', patientId.normalize('NFC'), issuer]);
  if (patientName !== null) return JSON.stringify(['name', patientName.normalize('NFC'), birthDate]);
  return JSON.stringify(['film', pixelHash(film)]);
}

function sopClassOf(dataSet: DataSet): string {
  const uid = stringValue(dataSet, TAG_SOP_CLASS) ?? '';
  return /^1\.2\.840\.10008\.[\d.]{1,50}$/.test(uid) ? uid : SECONDARY_CAPTURE;
}

/** The stored value that is shown darkest in a frame: a box is black under any window and leaves the range of values as it is. */
function darkest(film: DecodedFilm): (frame: number, pixels: StoredPixels) => readonly number[] {
  return (frame, pixels) => {
    const shown = displayImage(film, { frame });
    let at = 0;
    for (let index = 1; index < shown.length; index++) if ((shown[index] ?? 0) < (shown[at] ?? 0)) at = index;
    return [pixels[at] ?? 0];
  };
}

interface Made {
  readonly patientCode: string;
  readonly sopInstanceUid: string;
  readonly methods: readonly MethodCode[];
  readonly pixels: CleanPixels;
}

/** What says who the patient now is, what was done (PS3.15 E.1.1), and how the pixels are written. */
function recordElements(file: DicomFile, request: DeidentifyRequest, made: Made): NewElement[] {
  const { options } = request;
  const burned = stringValue(file.dataSet, 0x00280301);
  const said = burned === 'YES' || burned === 'NO' ? burned : null;
  // Only a person who covered what was there may say that nothing is left.
  const burnedIn = request.pixelsSeen && request.boxes.length > 0 ? 'NO' : said;
  const codes: NewDataSet[] = made.methods.map(({ value, meaning }) => [
    textElement(0x00080100, 'SH', value),
    textElement(0x00080102, 'SH', 'DCM'),
    textElement(0x00080104, 'LO', meaning.slice(0, 64)),
  ]);
  return [
    textElement(0x00080005, 'CS', 'ISO_IR 192'),
    textElement(TAG_SOP_CLASS, 'UI', sopClassOf(file.dataSet)),
    textElement(TAG_SOP_INSTANCE, 'UI', made.sopInstanceUid),
    textElement(TAG_PATIENT_NAME, 'PN', made.patientCode),
    textElement(TAG_PATIENT_ID, 'LO', made.patientCode),
    textElement(0x00120062, 'CS', 'YES'),
    textElement(0x00120063, 'LO', `Chestlight ${request.version}\\PS3.15 ${PROFILE_EDITION} Annex E`),
    { tag: 0x00120064, vr: 'SQ', value: codes },
    ...(burnedIn === null ? [] : [textElement(0x00280301, 'CS', burnedIn)]),
    textElement(0x00280303, 'CS', options.shiftDates ? 'MODIFIED' : 'REMOVED'),
    ...(made.pixels.lossy ? [textElement(0x00282110, 'CS', '01')] : []),
  ];
}

function signed(element: NewElement, { image }: CleanPixels): NewElement {
  return image.signed && SIGN_OF_PIXELS.has(element.tag) ? { ...element, vr: 'SS' } : element;
}

/** A film whose pixels were changed is derived (PS3.15 E.3.1). */
function derived(element: NewElement): NewElement {
  if (element.tag !== TAG_IMAGE_TYPE || !(element.value instanceof Uint8Array)) return element;
  const [, ...rest] = Buffer.from(element.value).toString('latin1').split('\\');
  return textElement(TAG_IMAGE_TYPE, 'CS', ['DERIVED', ...rest].join('\\'));
}

function recorded({ tag, vr, value }: NewElement, keyword: string | null, dataSet: DataSet): Action {
  const after = value instanceof Uint8Array ? shown(vr, value) : value.map(meaning).join(', ');
  const reason: Reason = 'record';
  const element = vr === 'SQ' ? undefined : dataSet.elements.get(tag);
  const before = element === undefined ? '' : displayValue(dataSet, element, vr, characterSets(dataSet));
  return { tag: formatTag(tag), keyword, vr, depth: 0, treatment: 'written', reason, before, after };
}

function shown(vr: string, value: Uint8Array): string {
  return ['OW', 'SS', 'US'].includes(vr) ? `${value.length} bytes` : Buffer.from(value).toString('utf8');
}

function meaning(item: NewDataSet): string {
  const found = item.find(({ tag }) => tag === 0x00080104)?.value;
  return found instanceof Uint8Array ? Buffer.from(found).toString('utf8') : '';
}

/** The picture reads again, and where nothing was covered it is the same. */
async function checkPicture(written: Uint8Array, film: DecodedFilm, changed: boolean): Promise<void> {
  const again = await readFilm(written, '');
  const same = again.rows === film.rows && again.cols === film.cols && again.frames === film.frames;
  if (same && (changed || pixelHash(again) === pixelHash(film))) return;
  throw new FilmError(
    'NOT_CLEAN',
    'The de-identified film was read again and its picture is not the one that came. It was not handed out; please report this.',
  );
}
