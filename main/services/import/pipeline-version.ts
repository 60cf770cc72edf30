/** @file Version of everything between a film's bytes and its model image. Stored with each film and each run. */

/** Raised when main/dicom makes other model images from the same bytes; films are then made anew on import. */
export const PIXEL_PIPELINE = 'chestlight-224/1';
