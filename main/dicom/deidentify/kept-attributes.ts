/**
 * @file What may stay of a film's header beside PS3.15 Table E.1-1: what the picture, its scale, its projection and its exposure
 * need (PS3.3 C.7.6.3, C.8.1, C.8.11, C.11.1, C.11.2). Everything else goes, also where the profile would let it stay: a sender
 * may write a name into any field. Words must be defined terms, so that a name cannot stand in for one.
 */

/** How a value is looked at before it stays. */
export type KeptRule =
  /** Numbers, by the syntax of the VR. */
  | { readonly kind: 'number' }
  /** Words of the standard; values with another one become empty. */
  | { readonly kind: 'terms'; readonly terms: ReadonlySet<string> }
  /** A UID under DICOM's own root. */
  | { readonly kind: 'standard-uid' }
  /** Data sets that are treated by the same rules, of which only the attributes that belong there stay. */
  | { readonly kind: 'items'; readonly tags: ReadonlySet<number> }
  /** Coded concepts (PS3.3 8.8) of a public coding scheme. */
  | { readonly kind: 'codes' }
  /** Bytes of a lookup table. */
  | { readonly kind: 'table' }
  /** Free text about the machine: stays with the option "device". */
  | { readonly kind: 'device-text' };

export interface KeptAttribute {
  readonly vr: string;
  readonly rule: KeptRule;
}

const kept = new Map<number, KeptAttribute>();

function add(rule: KeptRule, vr: string, tags: string): void {
  for (const tag of tags.trim().split(/\s+/)) kept.set(Number.parseInt(tag, 16), { vr, rule });
}

function addTerms(tags: string, words: string, vr = 'CS'): void {
  add({ kind: 'terms', terms: new Set(words.trim().split(/\s*[,\n]\s*/)) }, vr, tags);
}

function addItems(tags: string, inside: string): void {
  add({ kind: 'items', tags: new Set(inside.split(' ').map((tag) => Number.parseInt(tag, 16))) }, 'SQ', tags);
}

const number = { kind: 'number' } as const;
add(
  number,
  'DS',
  `00180060 00180090 00181063 00181065 00181110 00181111 00181114 0018115e 00181162 00181164 00181190 001811a0 001811a2
  00181411 00181412 00181413 00181510 00181511 00181530 00181531 00182010 00186000 00187012 00187014 00187016 0018701a
  00187020 00187022 00187026 00187028 00187030 00187032 00187041 00187042 00187044 00187048 00187052 00187054 00187065
  00188150 00188151 00280030 00281050 00281051 00281052 00281053 00282112`,
);
add(
  number,
  'IS',
  `00080009 00081160 00181149 00181150 00181151 00181152 00181153 00181154 00181170 00181405 00181602 00181604 00181606
  00181608 00181610 00181612 00181620 00181702 00181704 00181706 00181708 00181710 00181712 00181720 00187010 00187011
  00200011 00200012 00200013 00200019 00201002 00280008 00280034`,
);
add(
  number,
  'US',
  `00181404 00181622 00181624 00280002 00280006 00280010 00280011 00280100 00280101 00280102 00280103 00281101 00281102
  00281103 00280106 00280107 00280120 00280121 00283002`,
);
add(number, 'SS', '00281041');
add(number, 'AT', '00280009');
add({ kind: 'table' }, 'OW', '00281201 00281202 00281203 00283006');
add({ kind: 'standard-uid' }, 'UI', '00080016 00081150');
addItems('00283000', '00283002 00283004 00283006');
addItems('00283010', '00283002 00283006');
// Functional groups of enhanced films: scale, window and values of a frame.
addItems('52009229 52009230', '00289110 00289132 00289145');
addItems('00289110', '00280030');
addItems('00289132', '00281050 00281051 00281056');
addItems('00289145', '00281052 00281053 00281054');
add({ kind: 'codes' }, 'SQ', '00082218 00082220 00082228 00540220 00540222 0040a170');
add({ kind: 'device-text' }, 'LO', '00080070 00081090');

const YES_NO = 'YES, NO';
addTerms(
  '00080008',
  `ORIGINAL, DERIVED, PRIMARY, SECONDARY, AXIAL, LOCALIZER, REFORMATTED, PROJECTION IMAGE, SINGLE PLANE, BIPLANE A, BIPLANE B,
  LEFT, RIGHT, CHEST, LUNG, BONE, POST_PROCESSED, RAW, NONE, ADDITION, MIXED, MONOCHROME, VOLUME, DUAL_ENERGY, STD, HIGH, LOW`,
);
addTerms('00080060', 'CR, DX, DR, RG, XA, RF, PX, IO, MG, CT, MR, PT, NM, US, OT, SC, XC, HC');
addTerms('00080064', 'DV, DI, DF, WSD, SD, SI, DRW, SYN');
addTerms('00080068', 'FOR PRESENTATION, FOR PROCESSING');
addTerms(
  '00180015',
  `CHEST, THORAX, LUNG, RIB, RIBS, STERNUM, CLAVICLE, HEART, MEDIASTINUM, ABDOMEN, PELVIS, SPINE, CSPINE, TSPINE, LSPINE, SSPINE,
  COCCYX, SHOULDER, SCAPULA, HUMERUS, ARM, ELBOW, FOREARM, WRIST, HAND, FINGER, THUMB, HIP, FEMUR, LEG, KNEE, PATELLA, ANKLE, FOOT,
  TOE, CALCANEUS, HEAD, SKULL, NECK, JAW, MAXILLA, MANDIBLE, ORBIT, NOSE, SINUS, BREAST, WHOLEBODY, EXTREMITY, CHESTABDOMEN,
  UP_EXM, LOW_EXM, CHESTABDPELVIS, ABDOMENPELVIS, PORT CHEST, CHEST PORT, CHEST PA, CHEST AP, CHEST LAT, CHEST_PA, CHEST_AP, CHEST_LAT`,
);
addTerms('00181147', 'ROUND, RECTANGLE, HEXAGONAL');
addTerms('00181155', 'SC, GR');
addTerms('00181166', 'FIXED, FOCUSED, RECIPROCATING, PARALLEL, CROSSED, NONE, IN, OUT');
addTerms('00181191', 'TUNGSTEN, MOLYBDENUM, RHODIUM');
addTerms('00181402', 'LANDSCAPE, PORTRAIT');
addTerms(
  '00181403',
  '18CMX24CM, 8INX10IN, 24CMX30CM, 10INX12IN, 30CMX35CM, 30CMX40CM, 11INX14IN, 35CMX35CM, 14INX14IN, 35CMX43CM, 14INX17IN',
);
addTerms('00181508', 'NONE, CARM, COLUMN, MAMMOGRAPHIC, PANORAMIC, CEPHALOSTAT, RIGID, CHAIR');
addTerms('00181600 00181700', 'RECTANGULAR, CIRCULAR, POLYGONAL, BITMAP');
addTerms(
  '00185100',
  'HFP, HFS, HFDR, HFDL, FFDR, FFDL, FFP, FFS, LFP, LFS, RFP, RFS, AFDR, AFDL, PFDR, PFDL',
);
addTerms(
  '00185101',
  'AP, PA, LL, RL, RLD, LLD, RLO, LLO, LAO, RAO, LPO, RPO, LATERAL, LAT, OBL, AX, LORDOTIC, CC, MLO',
);
addTerms('00187000 00187060', `${YES_NO}, MANUAL, AUTOMATIC`);
addTerms('00187004', 'DIRECT, SCINTILLATOR, STORAGE, FILM');
addTerms('00187005', 'AREA, SLOT');
addTerms('00187024', 'ROUND, RECTANGLE, HEXAGONAL');
addTerms('00187034', YES_NO);
addTerms('00181160', 'STRIP, WEDGE, BUTTERFLY, MULTIPLE, FLAT, SHAPED, NONE', 'SH');
addTerms(
  '00187050',
  'MOLYBDENUM, ALUMINUM, COPPER, RHODIUM, NIOBIUM, EUROPIUM, LEAD, TIN, SILVER, TANTALUM, ZIRCONIUM',
);
addTerms('00187064', 'NORMAL, ABORTED');
addTerms(
  '00200020',
  'A, P, L, R, H, F, AL, AR, AH, AF, PL, PR, PH, PF, LA, LP, LH, LF, RA, RP, RH, RF, HA, HP, HL, HR, FA, FP, FL, FR',
);
addTerms('00200060 00200062', 'L, R, B, U');
addTerms(
  '00280004',
  'MONOCHROME1, MONOCHROME2, PALETTE COLOR, RGB, YBR_FULL, YBR_FULL_422, YBR_PARTIAL_422, YBR_ICT, YBR_RCT',
);
addTerms('00280300 00280301 00280302', YES_NO);
addTerms('00280a02', 'GEOMETRY, FIDUCIAL');
addTerms('00281040', 'LIN, LOG, DISP');
addTerms('00281054 00283004', 'OD, HU, US, MGML, Z_EFF, ED, EDW, HU_MOD, PCT', 'LO');
addTerms('00281056', 'LINEAR, LINEAR_EXACT, SIGMOID');
addTerms('00282110', '00, 01');
addTerms(
  '00282114',
  'ISO_10918_1, ISO_14495_1, ISO_15444_1, ISO_15444_15, ISO_13818_2, ISO_14496_10, ISO_23008_2, ISO_18181_1',
);
addTerms('20500020', 'IDENTITY, INVERSE');
// Patient's characteristics: Table E.1-1 removes them unless the option keeps them; then only these words.
addTerms('00100040', 'M, F, O');
addTerms('00102203', 'ALTERED, UNALTERED');
addTerms('001021a0', 'YES, NO, UNKNOWN');

/** What a reference to another film holds (PS3.3 10.3): the profile keeps such sequences with new UIDs. */
export const REFERENCE_ATTRIBUTES: ReadonlySet<number> = new Set([
  0x00081150, 0x00081155, 0x00081160, 0x0040a170,
]);

/** Attributes beside the table that may stay, by tag. */
export const KEPT_ATTRIBUTES: ReadonlyMap<number, KeptAttribute> = kept;

/** The value if it is a word of the standard for `tag`; another one may be anything, also a name, and is null. */
export function definedTerm(tag: number, value: string | null): string | null {
  const rule = KEPT_ATTRIBUTES.get(tag)?.rule;
  return value !== null && rule?.kind === 'terms' && rule.terms.has(value) ? value : null;
}

/** Public coding schemes and how their codes are written: such a code tells nothing about the site. */
export const PUBLIC_SCHEMES: ReadonlyMap<string, RegExp> = new Map([
  ['SCT', /^\d{6,16}$/],
  ['SRT', /^[A-Z]\w?-[0-9A-F]{4,6}$/],
  ['SNM3', /^[A-Z]\w?-[0-9A-F]{4,6}$/],
  ['DCM', /^\d{6}$/],
  ['RADLEX', /^RID\d{1,8}$/],
]);

/** Meanings of the codes that chest films carry; another code's meaning is not repeated, as it is free text. */
export const CODE_MEANINGS: ReadonlyMap<string, string> = new Map([
  ['R-10206', 'antero-posterior'],
  ['399348003', 'antero-posterior'],
  ['R-10214', 'postero-anterior'],
  ['272479007', 'postero-anterior'],
  ['R-10236', 'left lateral'],
  ['399173006', 'left lateral'],
  ['R-10232', 'right lateral'],
  ['399198007', 'right lateral'],
  ['R-102CD', 'lateral'],
  ['399067008', 'lateral'],
  ['T-D3000', 'Chest'],
  ['51185008', 'Chest'],
  ['T-D3200', 'Chest cavity'],
  ['43799004', 'Chest cavity'],
  ['T-28000', 'Lung'],
  ['39607008', 'Lung'],
]);
