/**
 * @file What stands in for an identity: a code for the patient, new UIDs, a number of days. All come from one key, so that the
 * same film gives the same answer again and films of a patient stay together; without the key nothing leads back.
 */
import { createHmac } from 'node:crypto';

/** Years that dates are moved back by at most: ages and seasons stay hidden, intervals stay true. */
const MAX_SHIFT_DAYS = 3650;

export interface Pseudonyms {
  /** `P-` and 12 letters and digits: stands for the patient's name and number. */
  patientCode(patient: string): string;
  /** `2.25.` and a number of 128 bits (PS3.5 B.2). */
  uid(original: string): string;
  /** Whole days, −3650…−1. */
  shiftDays(patient: string): number;
}

/** @param key 32 bytes that stay with the site */
export function createPseudonyms(key: Uint8Array): Pseudonyms {
  const keyed = (kind: string, value: string): Buffer =>
    createHmac('sha256', key).update(`chestlight de-identification 1\0${kind}\0${value}`, 'utf8').digest();
  return {
    patientCode: (patient) => `P-${keyed('patient', patient).toString('hex').slice(0, 12).toUpperCase()}`,
    uid: (original) =>
      `2.25.${BigInt(`0x${keyed('uid', original).toString('hex').slice(0, 32)}`).toString()}`,
    shiftDays: (patient) => -1 - (keyed('days', patient).readUInt32BE(0) % MAX_SHIFT_DAYS),
  };
}
