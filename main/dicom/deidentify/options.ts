/** @file What a person may choose when films are de-identified, and the codes that record it (PS3.16 CID 7050). */

/** A private attribute that a site vouches for. `element` is its low byte: the block is found by the creator. */
export interface SafePrivate {
  readonly creator: string;
  readonly group: number;
  readonly element: number;
}

export interface DeidentifyOptions {
  /** Dates stay, moved by the same number of days for all films of a patient. False: no date stays. */
  readonly shiftDates: boolean;
  /** Sex, age, size and weight stay; ages from 90 years on are written as 90. */
  readonly keepPatientCharacteristics: boolean;
  /** Manufacturer, model, serial numbers and names of the machine stay. */
  readonly keepDevice: boolean;
  /** Overlay planes stay, without their labels; what a black box covers is cleared in them too. False: they go. */
  readonly keepOverlays: boolean;
  readonly safePrivate: readonly SafePrivate[];
}

export const DEFAULT_OPTIONS: DeidentifyOptions = {
  shiftDates: false,
  keepPatientCharacteristics: false,
  keepDevice: false,
  keepOverlays: false,
  safePrivate: [],
};

/** In pixels of the stored frame, whole numbers; x and y of the upper left corner. */
export interface BlackBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface MethodCode {
  readonly value: string;
  readonly meaning: string;
}

/**
 * Codes for (0012,0064), the basic profile first.
 * @param pixelsCleaned a person looked at the picture and covered what may tell who it is
 */
export function methodCodes(options: DeidentifyOptions, pixelsCleaned: boolean): readonly MethodCode[] {
  const code = (value: string, meaning: string, taken = true) => (taken ? [{ value, meaning }] : []);
  return [
    ...code('113100', 'Basic Application Confidentiality Profile'),
    ...code('113101', 'Clean Pixel Data Option', pixelsCleaned),
    ...code('113103', 'Clean Graphics Option', options.keepOverlays),
    ...code('113107', 'Retain Longitudinal Temporal Information Modified Dates Option', options.shiftDates),
    ...code('113108', 'Retain Patient Characteristics Option', options.keepPatientCharacteristics),
    ...code('113109', 'Retain Device Identity Option', options.keepDevice),
    ...code('113111', 'Retain Safe Private Option', options.safePrivate.length > 0),
  ];
}
